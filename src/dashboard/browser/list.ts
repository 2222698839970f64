import type { RunSummary } from '../protocol.js';
import { byId, create, remember, remembered, sparkline } from './dom.js';
import { describeBest, describeLeft, describeRun } from './format.js';
import { get, goLive } from './live.js';

const runs = new Map<string, RunSummary>();
const rows = new Map<string, { text: string; row: HTMLElement }>();
const selected = new Set(
  remembered('selected')
    .split(',')
    .filter((id) => id !== ''),
);

/** Lists all runs by their folders, those in which something happened last first. */
function render(): void {
  const folders = new Map<string, RunSummary[]>();
  for (const run of runs.values()) folders.set(run.folder, [...(folders.get(run.folder) ?? []), run]);
  const newest = (of: readonly RunSummary[]) => Math.max(...of.map(({ time }) => time));
  const sections = [...folders.entries()]
    .sort(([, a], [, b]) => newest(b) - newest(a))
    .flatMap(([folder, of]) => [
      create('h2', { class: 'folder' }, folder === '' ? 'This folder' : folder),
      create('ul', { class: 'runs' }, ...of.sort((a, b) => a.begun - b.begun).map(rowOf)),
    ]);
  const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.id : '';
  byId('runs').replaceChildren(
    ...(sections.length > 0
      ? sections
      : [create('p', {}, 'There are no runs yet. Begin one with singlepath train, search, run or demo.')]),
  );
  if (focused !== '') document.getElementById(focused)?.focus();
  renderSelection();
}

/** The row of a run; the same element while nothing of it changes. */
function rowOf(run: RunSummary): HTMLElement {
  const text = JSON.stringify(run);
  const known = rows.get(run.id);
  if (known?.text === text) return known.row;
  const box = create('input', { type: 'checkbox', id: `select-${run.id}` });
  box.checked = selected.has(run.id);
  box.addEventListener('change', () => {
    if (box.checked) selected.add(run.id);
    else selected.delete(run.id);
    renderSelection();
  });
  const row = create(
    'li',
    {},
    create('label', {}, box, create('span', { class: 'unseen' }, `compare ${run.name}`)),
    create(
      'div',
      {},
      create('a', { class: 'name', href: `/run/${run.id}` }, run.name),
      create('span', { class: 'detail' }, run.problem ?? `${run.kind} · ${describeRun(run)}`),
    ),
    create(
      'div',
      {},
      create('span', { class: `status ${run.status}` }, run.status),
      ...(run.incidents > 0 ? [create('span', { class: 'detail' }, `${run.incidents} warnings`)] : []),
    ),
    create('div', {}, ...progressOf(run), create('span', { class: 'detail' }, describeBest(run))),
    create('div', {}, sparkline(run.spark, `course of ${run.name}`)),
  );
  rows.set(run.id, { text, row });
  return row;
}

function progressOf(run: RunSummary): HTMLElement[] {
  if (run.status !== 'running' && run.read === 1) return [];
  const share = run.read < 1 ? run.read : run.steps === null ? undefined : run.step / run.steps;
  const bar = create('progress', {
    max: '1',
    'aria-label': `progress of ${run.name}`,
    ...(share !== undefined && { value: String(share) }),
  });
  return [bar, create('span', { class: 'detail' }, describeLeft(run))];
}

function renderSelection(): void {
  const ids = [...selected].filter((id) => runs.has(id));
  remember({ selected: ids.join(',') });
  const link = byId<HTMLAnchorElement>('compare');
  link.hidden = ids.length < 2;
  link.href = `/compare?runs=${ids.join(',')}`;
  link.textContent = `Compare ${ids.length} runs`;
  byId('hint').hidden = ids.length >= 2;
}

goLive({
  onUpdate({ runs: changed, removed }) {
    for (const run of changed) runs.set(run.id, run);
    for (const id of removed) runs.delete(id);
    render();
  },
  async refresh() {
    const { root, runs: all } = await get<{ root: string; runs: RunSummary[] }>('/api/runs');
    byId('where').textContent = root;
    runs.clear();
    for (const run of all) runs.set(run.id, run);
    render();
  },
});
