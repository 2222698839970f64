import { expected, SinglePathError } from '../../core/errors.js';
import { writeFileAtomically } from '../../core/files.js';
import { formatTime } from '../../cost/constraint.js';
import { diffTables } from '../../latency/diff.js';
import { describeEnvironment } from '../../latency/environment.js';
import { foreignFormat } from '../../latency/external/foreign.js';
import { writeYamlTimes, YAML_STYLES } from '../../latency/external/yamlTable.js';
import { readTable, tableFormat, writeTable } from '../../latency/format/files.js';
import { lint } from '../../latency/lint.js';
import { predict } from '../../latency/predict.js';
import type { LatencyTable, TableRow } from '../../latency/table.js';
import { importTable, spaceOfTable } from '../../pipeline/latency/latencyTable.js';
import { formatPercent } from '../../report/format.js';
import { latencySvg } from '../../report/latencySvg.js';
import type { Column } from '../../report/table.js';
import { formatArchitecture, parseArchitecture } from '../../space/architecture.js';
import { readArchitectures } from '../common/architectures.js';
import { configOf } from '../common/configOf.js';
import { printJson, printTable, printText } from '../common/output.js';
import { createSession } from '../common/session.js';
import { type SpaceSettingsOptions, spaceShortcuts } from '../common/spaceSettings.js';
import { refuseWithoutEffect } from '../common/withoutEffect.js';

export interface ImportOptions extends SpaceSettingsOptions {
  format: string;
  out: string;
  device?: string;
  interpolate?: boolean;
}

export interface ArchOptions {
  arch: string[];
  archs?: string;
  json?: boolean;
}

export interface ShowOptions {
  arch?: string;
  svg?: string;
  json?: boolean;
}

export interface LintOptions {
  against: string[];
  json?: boolean;
}

const RIGHT = { align: 'right' } as const;

/** `singlepath latency predict` */
export function predictLatency(path: string, { arch, archs, json }: ArchOptions): void {
  const table = readTable(path);
  const space = spaceOfTable(table, path);
  const architectures = [
    ...arch.map((genes) => parseArchitecture(space, genes)),
    ...(archs === undefined ? [] : readArchitectures(space, archs)),
  ];
  if (architectures.length === 0) {
    throw new SinglePathError('INVALID_ARGUMENT', 'Expected --arch GENES or --archs FILE', {
      hint: `${space.name} has ${space.genes.length} genes`,
    });
  }
  const predictions = predict(space, table, architectures, `'${path}'`);
  if (json) {
    printJson(
      'latency predict',
      predictions.map((prediction) => ({ arch: prediction.architecture, ...prediction })),
    );
    return;
  }
  if (predictions.length === 1) {
    const [{ architecture, latencyMs, rawMs, rows }] = predictions as [(typeof predictions)[0]];
    printTable(
      [
        { title: 'layer' },
        { title: 'block' },
        { title: 'ms', ...RIGHT },
        { title: 'share', ...RIGHT },
        { title: 'source' },
      ],
      rows.map(({ layer, label, ms, source, flags }) => [
        layer,
        label,
        ms.toFixed(4),
        formatPercent(rawMs === 0 ? 0 : ms / rawMs),
        [source, ...flags].join(' '),
      ]),
    );
    printText(
      `\n${formatArchitecture(space, architecture)}: ${latencyMs.toFixed(4)} ms${accuracyText(table)}`,
    );
    return;
  }
  printTable(
    [{ title: 'architecture' }, { title: 'ms', ...RIGHT }],
    predictions.map(({ architecture, latencyMs }) => [
      formatArchitecture(space, architecture),
      latencyMs.toFixed(4),
    ]),
  );
}

/** How far to trust it, where `latency verify` has told. */
function accuracyText({ header: { calibration, accuracy } }: LatencyTable): string {
  const calibrated =
    calibration === undefined
      ? 'the plain sum of its rows'
      : `calibrated on ${calibration.networks} networks`;
  const error = accuracy === undefined ? 'not verified' : `off by ${accuracy.mape.toFixed(1)} % on average`;
  return ` (${calibrated}, ${error})`;
}

/** `singlepath latency show` */
export async function showTable(path: string, { arch, svg, json }: ShowOptions): Promise<void> {
  if (svg === undefined)
    refuseWithoutEffect([{ option: '--arch', given: arch, expected: '--svg FILE beside' }]);
  const table = readTable(path);
  if (svg !== undefined) {
    const space = spaceOfTable(table, path);
    const marked = arch === undefined ? undefined : parseArchitecture(space, arch);
    await writeFileAtomically(svg, [latencySvg(space, table, marked)]);
  }
  if (json) {
    printJson('latency show', table);
    return;
  }
  const { space, environment, created, overheadNs, tool } = table.header;
  const { clockMhz, load, governor } = environment;
  const span = ({ before, after }: typeof load) =>
    `${before ?? 'unknown'} before, ${after ?? 'unknown'} after`;
  printText(
    [
      `space     ${space.name || space.file}, ${space.channels}x${space.size}x${space.size}, ${space.classes} classes`,
      `device    ${describeEnvironment(environment)}`,
      `machine   ${environment.platform}; processors ${environment.affinity.join(',') || 'unknown'}; governor ${governor}`,
      `clock     ${span(clockMhz)} (MHz)`,
      `load      ${span(load)}`,
      `overhead  ${overheadNs} ns, subtracted`,
      `made      ${created} by ${tool}${accuracyText(table)}`,
      '',
    ].join('\n'),
  );
  const columns: Column[] = [
    { title: 'block' },
    { title: 'input' },
    { title: 'source' },
    { title: 'samples', ...RIGHT },
    { title: 'median', ...RIGHT },
    { title: '+-', ...RIGHT },
    { title: 'p10', ...RIGHT },
    { title: 'p90', ...RIGHT },
    { title: 'flags' },
  ];
  printTable(columns, table.rows.map(rowCells));
}

function rowCells({ label, key, source, times, flags, status, error }: TableRow): string[] {
  const time = (value: number | undefined) => (value === undefined ? '' : formatTime(value));
  const notes = status === 'ok' ? flags : [status, ...(error === undefined ? [] : [error])];
  const input = key.slice(0, key.indexOf(':'));
  const { n, p50, p50Error, p10, p90 } = times ?? {};
  return [
    label,
    input,
    source,
    n === undefined ? '' : String(n),
    time(p50),
    time(p50Error),
    time(p10),
    time(p90),
    notes.join(' '),
  ];
}

/** `singlepath latency lint` */
export function lintTable(path: string, { against, json }: LintOptions): void {
  const table = readTable(path);
  const others = new Map(against.map((other) => [other, readTable(other)]));
  const findings = lint(spaceOfTable(table, path), table, others);
  if (json) printJson('latency lint', findings);
  else if (findings.length === 0) printText(`${path}: ${table.rows.length} rows, nothing strange`);
  else for (const { level, check, message } of findings) printText(`${level} (${check}): ${message}`);
  if (findings.some(({ level }) => level === 'error')) process.exitCode = 1;
}

/** `singlepath latency diff` */
export function diffLatency(a: string, b: string, { json }: { json?: boolean }): void {
  const difference = diffTables(readTable(a), readTable(b));
  if (json) {
    printJson('latency diff', difference);
    return;
  }
  const { header, rows, medianChange, largestChange } = difference;
  for (const line of header) printText(line);
  const ms = (value: number | null) => (value === null ? 'missing' : value.toFixed(4));
  const change = (value: number | null) =>
    value === null ? '' : `${value > 0 ? '+' : ''}${formatPercent(value)}`;
  printTable(
    [
      { title: 'block' },
      { title: 'input' },
      { title: `${a} (ms)`, ...RIGHT },
      { title: `${b} (ms)`, ...RIGHT },
      { title: 'change', ...RIGHT },
    ],
    rows.map((row) => [
      row.label,
      row.key.slice(0, row.key.indexOf(':')),
      ms(row.a),
      ms(row.b),
      change(row.change),
    ]),
  );
  if (medianChange !== null && largestChange !== null) {
    printText(
      `\nchange of a row: ${formatPercent(medianChange)} in the median, ${formatPercent(largestChange)} at most`,
    );
  }
}

/** `singlepath latency import` */
export async function importLatency(file: string, options: ImportOptions): Promise<void> {
  const { out, format, device = 'unknown', interpolate } = options;
  tableFormat(out); // before any work
  const config = configOf({ config: [], set: [] }, { shortcuts: await spaceShortcuts(options) });
  const table = importTable(config.space, file, { format: foreignFormat(format), device, interpolate });
  await writeTable(out, table);
  const { length } = table.rows;
  const estimated = table.rows.filter(({ source }) => source === 'interpolated').length;
  const coverage =
    estimated === 0
      ? ''
      : `, ${estimated} of them estimated (${formatPercent(1 - estimated / length)} measured)`;
  printText(`${out}: ${length} rows${coverage}`);
}

/** `singlepath latency export` */
export async function exportLatency(
  path: string,
  { out, format }: { out: string; format?: string },
): Promise<void> {
  const table = readTable(path);
  if (format === undefined) await writeTable(out, table);
  else {
    if (!Object.hasOwn(YAML_STYLES, format))
      throw expected(Object.keys(YAML_STYLES).join(' or '), '--format', format);
    const style = YAML_STYLES[format as keyof typeof YAML_STYLES];
    await writeFileAtomically(out, [writeYamlTimes(spaceOfTable(table, path), table, style)]);
    if (table.header.calibration !== undefined)
      createSession({}).log.warn(
        `${out} has the rows without the calibration, for which such files have no place: sums differ from the table's`,
      );
  }
  printText(out);
}
