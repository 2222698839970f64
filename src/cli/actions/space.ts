import { SinglePathError } from '../../core/errors.js';
import {
  formatConstraint,
  formatCost,
  formatTime,
  latencyTableOf,
  parseConstraints,
} from '../../cost/constraint.js';
import { type Cost, METRIC_TITLES, metricsOf } from '../../cost/cost.js';
import { layerProfiles } from '../../cost/layers.js';
import { costStatistics, spaceSize } from '../../cost/statistics.js';
import { formatExact, formatPercent } from '../../report/format.js';
import { type Column, formatTable } from '../../report/table.js';
import { ratio } from '../../sampling/feasible.js';
import { listSpaces } from '../../space/spaces/catalog.js';
import type { SearchSpace } from '../../space/types.js';
import type { FeasibleStatistics, ValidatedSpace } from '../common/jsonOutput.js';
import type { SpaceOptions } from '../common/options.js';
import { printJson, printTable, printText } from '../common/output.js';
import { spaceArgument } from '../common/spaceArgument.js';

const RIGHT = { align: 'right' } as const;

/** `singlepath space list` */
export function listSpace({ json }: { json?: boolean }): void {
  const spaces = listSpaces();
  if (json) {
    printJson('space list', spaces);
    return;
  }
  printTable(
    [
      { title: 'space' },
      { title: 'input', ...RIGHT },
      { title: 'classes', ...RIGHT },
      { title: 'what it is' },
    ],
    spaces.map(({ name, size, channels, classes, summary }) => [
      name,
      `${size}² x ${channels}`,
      String(classes),
      summary,
    ]),
  );
}

/** `singlepath space show` */
export async function showSpace(name: string, options: SpaceOptions): Promise<void> {
  const space = await spaceArgument(name, options);
  if (options.json) printJson('space show', space);
  else printText(describeSpace(space));
}

function describeSpace(space: SearchSpace): string {
  const { input, classes, genes, layers } = space;
  const metrics = metricsOf(space).filter((metric) => metric !== 'activations' && metric !== 'weightbits');
  const columns: Column[] = [
    { title: 'layer' },
    { title: 'choices' },
    { title: 'widths' },
    { title: 'bits' },
    ...metrics.map((metric) => ({ title: METRIC_TITLES[metric], ...RIGHT })),
  ];
  const profiles = layerProfiles(space);
  const rows = layers.map((layer, index) => {
    const labels = (kind: string): string =>
      genes.find((gene) => gene.layer === index && gene.kind === kind)?.labels.join(' ') ?? '';
    const choices = layer.choices.map((choice) => choice.name).join(' ');
    return [
      layer.name,
      layer.gene === undefined && layer.name === choices ? '' : choices,
      labels('width'),
      labels('bits'),
      ...metrics.map((metric) => costRange(metric, profiles[index]!.costs)),
    ];
  });
  const shape = `${input.size} x ${input.size} x ${input.channels}, ${classes} classes`;
  const size = `${genes.length} genes, ${formatSize(spaceSize(space))} architectures`;
  return `${space.name}: ${shape}; ${size}\n\n${formatTable(columns, rows)}`;
}

/** Smallest to largest cost of a layer. */
function costRange(metric: keyof Cost, costs: readonly Cost[]): string {
  const values = costs.map((cost) => cost[metric]);
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => formatCost(metric, value));
  return low === high ? low! : `${low} - ${high}`;
}

const QUANTILES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];

export interface SpaceStatsOptions extends SpaceOptions {
  constraint: string[];
  /** Files of lookup tables. */
  table: string[];
}

/** `singlepath space stats` */
export async function spaceStats(name: string, options: SpaceStatsOptions): Promise<void> {
  const { costTable } = await import('../../latency/cost/costTable.js');
  const space = await spaceArgument(name, options);
  const latencies = parseConstraints(options.constraint).filter(({ metric }) => latencyTableOf(metric));
  const metrics = [
    ...metricsOf(space),
    ...latencies.map(({ metric }) => metric),
    ...options.table.map((file) => `latency[${file}]`),
  ];
  const statistics = [...new Set(metrics)].map((metric) => {
    const s = costStatistics(space, costTable(space, metric));
    const { min, max, mean, sd, argmin, argmax, resolution } = s;
    const quantiles = Object.fromEntries(QUANTILES.map((p) => [p, s.quantile(p)]));
    return { metric, min, max, mean, sd, quantiles, resolution, argmin, argmax };
  });
  const size = spaceSize(space);
  const feasible = await feasibleStats(space, options.constraint);
  if (options.json) {
    printJson('space stats', {
      space: space.name,
      input: space.input,
      classes: space.classes,
      genes: space.genes.length,
      // Beyond 2^53 a JSON number is not exact.
      architectures: size.toString(),
      costs: statistics,
      ...(feasible && { feasible }),
    });
    return;
  }
  printText(`${space.name}: ${space.genes.length} genes, ${formatSize(size)} architectures\n`);
  if (feasible) printText(describeFeasible(feasible));
  printTable(
    [
      { title: 'cost' },
      ...['min', 'mean', 's.d.', ...QUANTILES.map((p) => `${100 * p} %`), 'max'].map((title) => ({
        title,
        ...RIGHT,
      })),
    ],
    statistics.map(({ metric, min, mean, sd, quantiles, max }) => [
      metric,
      ...[min, mean, sd, ...Object.values(quantiles), max].map((value) =>
        latencyTableOf(metric) === undefined ? formatExact(Math.round(value)) : formatTime(value),
      ),
    ]),
  );
}

async function feasibleStats(
  space: SearchSpace,
  constraints: string[],
): Promise<FeasibleStatistics | undefined> {
  if (constraints.length === 0) return undefined;
  const { legalArchitectures } = await import('../../pipeline/setup/legalArchitectures.js');
  const set = legalArchitectures(space, constraints);
  return {
    constraints: parseConstraints(constraints).map(formatConstraint),
    architectures: set.count.toString(),
    share: ratio(set.count, set.size),
    exact: set.exact,
    excluded: set.excludedFraction,
  };
}

function describeFeasible({
  constraints,
  architectures,
  share,
  exact,
  excluded,
}: FeasibleStatistics): string {
  const count = `${formatSize(BigInt(architectures))} architectures (${formatPercent(share)})`;
  const rest = `counted in rounded costs: at most ${formatPercent(excluded)} of those that meet it are left out, all close to a limit`;
  return `${constraints.join(' and ')}: ${count}, ${exact ? 'exact' : rest}\n`;
}

/** `singlepath space validate` */
export async function validateSpaces(files: readonly string[], { json }: { json?: boolean }): Promise<void> {
  const { loadSpace } = await import('../../space/file/load.js');
  const results = files.map((file): ValidatedSpace => {
    try {
      const space = loadSpace(file);
      return { file, space: space.name, architectures: spaceSize(space).toString() };
    } catch (error) {
      if (!(error instanceof SinglePathError)) throw error;
      return { file, error: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
    }
  });
  if (json) printJson('space validate', results);
  else {
    for (const { file, space, architectures, error, hint } of results) {
      if (error === undefined) printText(`${file}: ok, ${space} with ${architectures} architectures`);
      else printText(`${error}${hint === undefined ? '' : `\nhint: ${hint}`}`);
    }
  }
  if (results.some(({ error }) => error !== undefined)) process.exitCode = 2;
}

/** 6561, 1.1e12 */
function formatSize(size: bigint): string {
  if (size < 10n ** 7n) return formatExact(Number(size));
  const digits = size.toString();
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`;
}
