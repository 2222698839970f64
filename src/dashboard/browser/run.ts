import type { RunDetails, RunSummary, SeriesDocument } from '../protocol.js';
import { Chart, chartControls } from './chart.js';
import { byId, create } from './dom.js';
import { curveTitle, describeBest, describeLeft, describeRun } from './format.js';
import { get, goLive, throttled } from './live.js';

/** Of the script that reports bring with them. */
declare function enhance(root: ParentNode): void;

const id = location.pathname.split('/')[2]!;
const address = `/api/runs/${id}`;
let status = '';
let drawn: string[] = [];

const controls = chartControls(() => curve());
const chart = new Chart(byId('plot'), (from, to) => controls.setRange(from, to));

/** The header: what is known at once. */
function showSummary(run: RunSummary): void {
  document.title = `${run.name}: ${describeLeft(run)}`;
  byId('title').textContent = run.folder === '' ? run.name : `${run.folder}/${run.name}`;
  byId('facts').replaceChildren(
    create('span', { class: `status ${run.status}` }, run.status),
    ` ${[run.kind, describeRun(run), describeBest(run)].filter((text) => text !== '').join(' · ')}`,
  );
  const bar = byId<HTMLProgressElement>('share');
  byId('progress').hidden = run.status !== 'running' && run.read === 1;
  if (run.read < 1) bar.value = run.read;
  else if (run.steps !== null) bar.value = run.step / run.steps;
  else bar.removeAttribute('value');
  byId('left').textContent = describeLeft(run);
  showProblem(run.problem);
}

function showProblem(text: string | undefined): void {
  byId('problem').replaceChildren(...(text === undefined ? [] : [create('p', { class: 'problem' }, text)]));
}

async function showDetails(): Promise<void> {
  const run = await get<RunDetails>(address);
  showSummary(run);
  // Nobody looks for the number of a generation.
  controls.offer(run.metrics.filter((name) => !/\/(generation|evaluated|epoch|seconds)$/.test(name)));
  byId('curves').hidden = run.metrics.length === 0;
}

async function showCurve(): Promise<void> {
  const metric = controls.metric();
  if (metric === '') return;
  const series = await get<SeriesDocument>(
    `${address}/series?metric=${encodeURIComponent(metric)}${controls.query()}`,
  );
  chart.draw([{ name: curveTitle(metric), series }]);
}

/** The sections of the report; only what changed is replaced, and what was opened stays open. */
async function showSections(): Promise<void> {
  const sections = await get<string[]>(`${address}/sections`);
  const place = byId('sections');
  const opened = new Set([...place.querySelectorAll('details[open]')].map(nameOf));
  if (sections.length !== drawn.length) place.replaceChildren(...sections.map(() => create('div')));
  sections.forEach((markup, i) => {
    if (sections.length === drawn.length && drawn[i] === markup) return;
    const parsed = new DOMParser().parseFromString(markup, 'text/html').body;
    for (const links of parsed.querySelectorAll('.downloads')) {
      links.className = 'downloads';
      links.replaceChildren(
        create('a', { href: `${address}/candidates.csv`, download: '' }, 'Download CSV'),
        ' ',
        create('a', { href: `${address}/candidates.jsonl`, download: '' }, 'Download JSON lines'),
      );
    }
    enhance(parsed);
    for (const details of parsed.querySelectorAll('details')) details.open = opened.has(nameOf(details));
    place.children[i]!.replaceChildren(...parsed.childNodes);
  });
  drawn = sections;
}

/** A thing that opens, by its section and its place in there. */
function nameOf(details: Element): string {
  const section = details.closest('section');
  return `${section?.id} ${[...(section?.querySelectorAll('details') ?? [])].indexOf(details as HTMLDetailsElement)}`;
}

const details = throttled(1000, showDetails);
const curve = throttled(300, showCurve);
const sections = throttled(3000, showSections);

goLive({
  onUpdate({ runs, removed }) {
    if (removed.includes(id)) showProblem('The folder of this run is gone.');
    const run = runs.find((one) => one.id === id);
    if (run === undefined) return;
    showSummary(run);
    if (byId<HTMLSelectElement>('metric').options.length === 0 || run.status !== status) details();
    status = run.status;
    curve();
    sections();
  },
  async refresh() {
    try {
      await showDetails();
    } catch (error) {
      showProblem((error as Error).message);
      throw error;
    }
    await showCurve();
    await showSections().catch((error: Error) => showProblem(error.message));
  },
});
