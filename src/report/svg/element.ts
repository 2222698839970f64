/** Text inside markup, and inside attributes in double quotes. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its content as markup; numbers keep two decimals, attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeMarkup(value!)}"`)
    .join('');
  return content === '' ? `<${name}${text}/>` : `<${name}${text}>${content}</${name}>`;
}

/** A text element; its content is escaped. */
export function label(text: string, attributes: Attributes): string {
  return element('text', attributes, escapeMarkup(text));
}

/** What a pointer that rests on a mark shows. */
export function tooltip(text: string): string {
  return element('title', {}, escapeMarkup(text));
}

export interface Size {
  width: number;
  height: number;
}

/** A whole drawing. `title` is what people hear who do not see it. */
export function drawing({ width, height }: Size, title: string, content: string): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${round(width)} ${round(height)}`,
      class: 'plot',
      role: 'img',
    },
    tooltip(title) + content,
  );
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
