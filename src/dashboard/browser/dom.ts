/** An element with attributes and children; texts become text, never markup. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The element of a page with an id. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** A line of some values, as wide as its place. */
export function sparkline(values: readonly number[], name: string): SVGSVGElement | string {
  if (values.length < 2) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, i) => {
    const y = high === low ? 15 : 28 - (26 * (value - low)) / (high - low);
    return `${((100 * i) / (values.length - 1)).toFixed(1)},${y.toFixed(1)}`;
  });
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [key, value] of Object.entries({
    viewBox: '0 0 100 30',
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': name,
  }))
    svg.setAttribute(key, value);
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  line.setAttribute('class', 'spark');
  line.setAttribute('points', points.join(' '));
  svg.append(line);
  return svg;
}

/** A table of texts inside a box that scrolls. */
export function tableOf(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): HTMLElement {
  const head = create('tr', {}, ...columns.map((title) => create('th', { scope: 'col' }, title)));
  const body = rows.map(([first = '', ...rest]) =>
    create('tr', {}, create('th', { scope: 'row' }, first), ...rest.map((text) => create('td', {}, text))),
  );
  const table = create(
    'table',
    {},
    create('caption', {}, caption),
    create('thead', {}, head),
    create('tbody', {}, ...body),
  );
  return create('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': caption }, table);
}

/** Sets settings of the page in its address, so that they stay when it is loaded again; an empty text removes one. */
export function remember(settings: Readonly<Record<string, string>>): void {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(settings)) {
    if (value === '') query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  history.replaceState(null, '', text === '' ? location.pathname : `${location.pathname}?${text}`);
}

export function remembered(key: string): string {
  return new URLSearchParams(location.search).get(key) ?? '';
}
