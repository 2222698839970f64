import type { ReportFacts, RunFacts } from '../facts.js';
import { formatBytes, formatDuration, formatExact } from '../format.js';
import { escapeMarkup } from '../svg/element.js';
import { details, number, paragraph, section, table } from './markup.js';
import { copyable } from './sections.js';

/** What the search cost, in the rows of Table 7 of arXiv 1904.00420. */
export function costSection({ runs }: ReportFacts): string {
  const rows = (
    [
      ['training of the supernet', 'train'],
      ['search', 'search'],
      ['retraining', 'retrain'],
    ] as const
  )
    .map(([title, kind]) => [title, runs.filter((run) => run.kind === kind)] as const)
    .filter(([, of]) => of.length > 0);
  if (rows.length === 0) return '';
  const sum = (of: readonly RunFacts[], pick: (run: RunFacts) => number) =>
    of.reduce((total, run) => total + pick(run), 0);
  const row = (title: string, of: readonly RunFacts[]) => {
    const seconds = sum(of, (run) => run.seconds);
    const [trained, evaluated] = [
      sum(of, ({ passes }) => passes.trained),
      sum(of, ({ passes }) => passes.evaluated),
    ];
    const memory = Math.max(...of.map(({ peakMemory }) => peakMemory));
    return [
      of.length > 1 && title !== 'total' ? `${title} (${of.length} networks)` : title,
      number(seconds, formatDuration(seconds)),
      memory === 0 ? 'unknown' : number(memory, formatBytes(memory)),
      number(trained, formatExact(trained)),
      number(evaluated, formatExact(evaluated)),
    ];
  };
  return section(
    'cost',
    'What it cost',
    table({
      caption: 'Search cost',
      rowHeadings: true,
      columns: [
        { title: 'phase' },
        { title: 'time', number: true },
        { title: 'peak memory', number: true },
        { title: 'images forward and backward', number: true },
        { title: 'images forward', number: true },
      ],
      rows: [
        ...rows.map(([title, of]) => row(title, of)),
        row(
          'total',
          rows.flatMap(([, of]) => of),
        ),
      ],
    }),
    paragraph(
      'As Table 7 of the paper. Peak memory is that of the whole process. Images forward are those that recalibrate and score ' +
        'candidates, each candidate counted alone: those that begin alike share that work. Short trainings of finalists count as time of the search only.',
    ),
  );
}

export function warningsSection({ runs }: ReportFacts): string {
  const rows = runs.flatMap(({ name, incidents }) =>
    incidents.map(({ type, step, text }) => [name, type, String(step), text]),
  );
  if (rows.length === 0) return '';
  return section(
    'warnings',
    'Warnings',
    table({
      caption: 'What happened on the way',
      rowHeadings: true,
      columns: [{ title: 'run' }, { title: 'what' }, { title: 'step', number: true }, { title: 'details' }],
      rows,
    }),
  );
}

export function repeatSection({ runs, space }: ReportFacts): string {
  const commands = runs.map(({ command }) => `<li>${copyable(command)}</li>`);
  return section(
    'repeat',
    'Repeat it',
    paragraph(
      'Each config.yaml has every setting, so these are the whole commands. The same number of threads gives the same bits.',
    ),
    `<ol class="commands">${commands.join('')}</ol>`,
    table({
      caption: 'Runs',
      rowHeadings: true,
      columns: [
        { title: 'run' },
        { title: 'kind' },
        { title: 'status' },
        { title: 'seed', number: true },
        { title: 'begun' },
        { title: 'data' },
        { title: 'images (hash)' },
      ],
      rows: runs.map(({ name, kind, status, seed, created, data }) => [
        name,
        kind,
        status,
        String(seed),
        created.replace('T', ' ').replace(/\..*$/, ' UTC'),
        data === undefined ? 'unknown' : `${data.kind}, ${formatExact(data.images)} images`,
        data?.fingerprint ?? '',
      ]),
    }),
    environmentTable(runs),
    details('Settings that are not the default', settingsTables(runs)),
    `<p class="detail">Search space ${escapeMarkup(space.name)}, ${space.genes.length} genes, ${escapeMarkup(space.size)} architectures, hash <code>${escapeMarkup(space.hash.slice(0, 16))}</code></p>`,
  );
}

function environmentTable(runs: readonly RunFacts[]): string {
  const known = runs.filter(({ environment }) => environment !== undefined);
  if (known.length === 0) return '';
  return table({
    caption: 'Where it was computed',
    rowHeadings: true,
    columns: [
      ...['run', 'cpu', 'threads', 'kernels', 'device', 'libtorch', 'node', 'singlepath', 'system'].map(
        (title) => ({ title }),
      ),
    ],
    rows: known.map(({ name, environment }) => {
      const { cpu, processors, threads, kernels, isa, precision, device, torch, node, singlepath, platform } =
        environment!;
      return [
        name,
        cpu,
        `${threads} on ${processors} processors`,
        `${kernels}, ${isa}, ${precision}`,
        device,
        torch,
        node,
        singlepath,
        platform,
      ];
    }),
  });
}

/** One table a run; those of runs with the same settings are told once. */
function settingsTables(runs: readonly RunFacts[]): string {
  const groups = new Map<string, RunFacts[]>();
  for (const run of runs) {
    const key = JSON.stringify(run.settings);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()]
    .map((group) =>
      table({
        caption: `Settings of ${group.map(({ name }) => name).join(', ')}`,
        rowHeadings: true,
        columns: [{ title: 'setting' }, { title: 'value' }, { title: 'default' }],
        rows: group[0]!.settings,
      }),
    )
    .join('');
}
