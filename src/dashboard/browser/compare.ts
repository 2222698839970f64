import { formatDuration, formatExact } from '../../report/format.js';
import type { RunDetails, SeriesDocument } from '../protocol.js';
import { Chart, chartControls, type Line } from './chart.js';
import { byId, create, remembered, tableOf } from './dom.js';
import { describeBest } from './format.js';
import { get, goLive, throttled } from './live.js';

const MOST = 6;
const asked = remembered('runs')
  .split(',')
  .filter((id) => /^[0-9a-f]{16}$/.test(id));
const ids = asked.slice(0, MOST);
let runs: RunDetails[] = [];

const controls = chartControls(() => curves());
const chart = new Chart(byId('plot'), (from, to) => controls.setRange(from, to));

async function showCurves(): Promise<void> {
  const metric = controls.metric();
  if (metric === '') return;
  const lines = await Promise.all(
    runs
      .filter(({ metrics }) => metrics.includes(metric))
      .map(async (run): Promise<Line> => {
        const series = await get<SeriesDocument>(
          `/api/runs/${run.id}/series?metric=${encodeURIComponent(metric)}${controls.query()}`,
        );
        return { name: titleOf(run), series };
      }),
  );
  chart.draw(lines);
}

/** A name that tells the runs apart. */
function titleOf({ folder, name }: RunDetails): string {
  const others = runs.filter((run) => run.name === name).length;
  return others > 1 && folder !== '' ? `${folder}/${name}` : name;
}

function showTables(): void {
  const rows = runs.map((run) => [
    titleOf(run),
    run.kind,
    run.space,
    run.status,
    `${formatExact(run.step)}${run.steps === null ? '' : ` of ${formatExact(run.steps)}`}`,
    describeBest(run),
    formatDuration(run.seconds),
  ]);
  byId('table').replaceChildren(
    create('h2', {}, 'Runs'),
    tableOf('Runs', ['run', 'kind', 'space', 'status', 'steps', 'best', 'time'], rows),
  );
  const values = runs.map(({ settings }) => new Map(settings));
  const paths = [...new Set(values.flatMap((own) => [...own.keys()]))].filter(
    (path) => new Set(values.map((own) => own.get(path) ?? '')).size > 1,
  );
  byId('differences').replaceChildren(
    create('h2', {}, 'Settings that differ'),
    paths.length === 0
      ? create('p', {}, 'All settings are the same.')
      : tableOf(
          'Settings that differ',
          ['setting', ...runs.map(titleOf)],
          paths.sort().map((path) => [path, ...values.map((own) => own.get(path) ?? '(default)')]),
        ),
  );
}

async function load(): Promise<void> {
  const problem = byId('problem');
  for (const id of ['curves', 'table', 'differences']) byId(id).hidden = ids.length < 2;
  if (ids.length < 2) {
    problem.replaceChildren(
      create('p', { class: 'problem' }, 'Select two to six runs in the list of all runs.'),
    );
    return;
  }
  const found = await Promise.allSettled(ids.map((id) => get<RunDetails>(`/api/runs/${id}`)));
  runs = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const problems = [
    ...(asked.length > MOST
      ? [
          `Of the ${asked.length} runs you selected these are the first ${MOST}: more curves cannot be told apart.`,
        ]
      : []),
    ...(runs.length < ids.length ? [`${ids.length - runs.length} of the runs are not there any more.`] : []),
  ];
  problem.replaceChildren(...problems.map((text) => create('p', { class: 'problem' }, text)));
  const metrics = [...new Set(runs.flatMap((run) => run.metrics))];
  // Those that most of them have come first.
  const having = (name: string) => runs.filter((run) => run.metrics.includes(name)).length;
  controls.offer(
    metrics
      .filter((name) => !/\/(generation|evaluated|epoch|seconds)$/.test(name))
      .sort((a, b) => having(b) - having(a)),
  );
  showTables();
  await showCurves();
}

const curves = throttled(500, showCurves);
const everything = throttled(1000, load);

goLive({
  onUpdate({ runs: changed, removed }) {
    if (changed.some(({ id }) => ids.includes(id)) || removed.some((id) => ids.includes(id))) everything();
  },
  refresh: load,
});
