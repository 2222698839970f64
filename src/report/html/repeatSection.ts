import type { ReportFacts, RunFacts } from '../facts.js';
import { formatExact } from '../format.js';
import { escapeMarkup } from '../svg/element.js';
import { copyable, details, paragraph, section, table } from './markup.js';

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
