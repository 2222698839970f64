import { checkArguments } from '../core/check.js';
import { graphCost, readerOf } from '../graph/walk.js';
import type { SearchSpace } from '../space/types.js';
import { missingRows } from './missing.js';
import { type Row, spaceRows } from './rows.js';
import { bestRows, contradictions, type LatencyTable, rowTime, type TableRow, type Times } from './table.js';

export interface Finding {
  /** Errors make the table useless as a constraint; warnings make it doubtful. */
  level: 'error' | 'warning';
  check:
    | 'missing'
    | 'failed'
    | 'not-positive'
    | 'contradiction'
    | 'unit'
    | 'spread'
    | 'monotone'
    | 'copied'
    | 'not-converged'
    | 'drifted';
  message: string;
}

/** Standard deviation beyond this part of the mean is a spread to look at. */
const LARGEST_SPREAD = 0.1;
/** A larger block may be faster by this part before it is strange. */
const MONOTONE_TOLERANCE = 0.03;
/** Share of rows that two devices may have in common. */
const FEW_BY_CHANCE = 0.1;
/** Multiply-adds a second of anything that runs networks: a microcontroller, and more than any chip. */
const PLAUSIBLE_SPEED = [1e5, 1e15] as const;

/** What is wrong or strange about a table. `others`: tables of other devices, by name. */
export function lint(
  space: SearchSpace,
  table: LatencyTable,
  others: ReadonlyMap<string, LatencyTable> = new Map(),
): Finding[] {
  checkArguments('lint()', { space, latencyTable: table });
  const findings: Finding[] = [];
  const add = (level: Finding['level'], check: Finding['check'], message: string) =>
    findings.push({ level, check, message });
  const missing = missingRows(space, table);
  const failed = table.rows.filter(({ status }) => status !== 'ok');
  for (const { key, label, status, error } of failed) {
    add('error', 'failed', `${label} (${key}) ${status}${error === undefined ? '' : `: ${error}`}`);
  }
  if (missing.length > 0) {
    const all = missing.map(({ label, key }) => `${label} (${key})`);
    add('error', 'missing', `${missing.length} rows of '${space.name}' are missing: ${all.join(', ')}`);
  }
  for (const { key, label } of contradictions(table)) {
    add('error', 'contradiction', `${label} (${key}) stands here twice, with different times`);
  }
  findings.push(...table.rows.flatMap(strangeTimes));
  findings.push(...unit(space, table), ...monotone(space, table));
  for (const [name, other] of others) {
    const same = identicalRows(table, other);
    // A few may be equal by chance where times are short.
    if (same.length > table.rows.length * FEW_BY_CHANCE) {
      add('warning', 'copied', `${same.length} rows are bit for bit those of '${name}'`);
    }
  }
  return findings;
}

/** What is wrong or doubtful about the time of a row; identity takes none, and no clock can tell how little. */
function strangeTimes(row: TableRow): Finding[] {
  const time = rowTime(row);
  if (time === undefined) return [];
  const { key, label, times = {}, flags } = row;
  const identity = key.endsWith(': identity');
  const findings: Finding[] = [];
  const add = (level: Finding['level'], check: Finding['check'], what: string) =>
    findings.push({ level, check, message: `${label} (${key}) ${what}` });
  if (time < 0 || (time === 0 && !identity)) add('error', 'not-positive', `takes ${time} ns`);
  const { mean = 0, std = 0, p50Error }: Partial<Times> = times;
  if (!identity && mean > 0 && std / mean > LARGEST_SPREAD) {
    add('warning', 'spread', `varies by ${percent(std / mean)} of its mean`);
  }
  if (flags.includes('not_converged') && !identity) {
    const known =
      p50Error === undefined || time <= 0
        ? 'whose error is not known'
        : `known to ${percent(p50Error / time)}`;
    add('warning', 'not-converged', `has a median ${known}`);
  }
  if (flags.includes('drifted'))
    add('warning', 'drifted', 'was measured while the machine changed its speed');
  return findings;
}

/** A table in the wrong unit is off by a factor of 1000. */
function unit(space: SearchSpace, table: LatencyTable): Finding[] {
  const best = bestRows(table);
  let [madds, nanoseconds] = [0, 0];
  for (const { key, block } of spaceRows(space).rows) {
    const row = best.get(key);
    if (row === undefined) continue;
    madds += graphCost(block.graph, block.input, readerOf([])).cost.madds;
    nanoseconds += rowTime(row)!;
  }
  const speed = madds / (nanoseconds / 1e9);
  if (nanoseconds === 0 || (speed >= PLAUSIBLE_SPEED[0] && speed <= PLAUSIBLE_SPEED[1])) return [];
  const message = `its times mean ${speed.toExponential(1)} multiply-adds a second: is the unit right?`;
  return [{ level: 'error', check: 'unit', message }];
}

/** Rows of the same form, of which one is at least as large in kernel, width and resolution, should be ordered so. */
function monotone(space: SearchSpace, table: LatencyTable): Finding[] {
  const best = bestRows(table);
  const forms = new Map<string, { row: Row; sizes: number[]; time: number }[]>();
  for (const row of spaceRows(space).rows) {
    const measured = best.get(row.key);
    if (measured === undefined || row.block.graph.nodes.length === 0) continue;
    const { form, sizes } = formOf(row);
    const group = forms.get(form) ?? [];
    forms.set(form, group);
    group.push({ row, sizes, time: rowTime(measured)! });
  }
  const findings: Finding[] = [];
  for (const group of forms.values()) {
    for (const small of group) {
      for (const large of group) {
        if (small === large || !small.sizes.every((size, i) => size <= large.sizes[i]!)) continue;
        if (small.time <= large.time * (1 + MONOTONE_TOLERANCE)) continue;
        const [a, b] = [small, large].map(
          ({ row, time }) => `${row.label} at ${shapeOf(row)} (${(time / 1e6).toPrecision(4)} ms)`,
        );
        findings.push({
          level: 'warning',
          check: 'monotone',
          message: `${a} is slower than the larger ${b}`,
        });
      }
    }
  }
  return findings;
}

/** What two blocks must share to be compared, and the sizes that order them. */
function formOf({ block: { input, graph } }: Row): { form: string; sizes: number[] } {
  const sizes = [input.height];
  const nodes = graph.nodes.map((node) => {
    if (node.op !== 'conv2d') return { ...node, name: '' };
    sizes.push(node.kernel, typeof node.out === 'number' ? node.out : 0);
    return { ...node, name: '', kernel: 0, padding: 0, out: 0 };
  });
  return { form: JSON.stringify([input.channels, nodes]), sizes };
}

function identicalRows(table: LatencyTable, other: LatencyTable): string[] {
  const theirs = bestRows(other);
  return [...bestRows(table)].flatMap(([key, row]) => {
    const match = theirs.get(key);
    const time = rowTime(row)!;
    return match !== undefined && time > 0 && rowTime(match) === time ? [key] : [];
  });
}

const shapeOf = ({ key }: Row): string => key.slice(0, key.indexOf(':'));
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
