import { didYouMean, expected, SinglePathError } from '../core/errors.js';
import { METRICS } from './cost.js';
import type { Metric } from './table.js';

/** An upper limit on a cost: `cost(architecture, metric) <= limit`. */
export interface Constraint {
  metric: Metric;
  op: '<=';
  limit: number;
}

const ALIASES: Record<string, Metric> = { flops: 'madds', macs: 'madds', parameters: 'params' };

/** Powers of the unit: of 1000, but of 1024 for BitOps, which the literature gives in units of 2^30. */
export function unitOf(metric: Metric): 1000 | 1024 {
  return metric === 'bitops' ? 1024 : 1000;
}

const POWERS: Record<string, number> = { '': 0, K: 1, M: 2, G: 3 };

/**
 * Parses `madds<=12M`. Suffixes K, M, G (see {@link unitOf}); `flops` means madds, as in the paper.
 *
 * @param extra metrics beyond those of the graph, such as measured latency.
 * @throws SinglePathError `INVALID_ARGUMENT`.
 */
export function parseConstraint(text: string, extra: readonly string[] = []): Constraint {
  const match = /^\s*([\w.:-]+?)\s*<=\s*([\d.]+(?:e[+-]?\d+)?)\s*([KMG]?)\s*$/i.exec(text);
  const value = Number(match?.[2]);
  if (!match || !Number.isFinite(value)) {
    throw expected('<metric><=<number>', 'constraint', text, { hint: 'for example madds<=12M' });
  }
  const metric = metricNamed(match[1]!, extra);
  return { metric, op: '<=', limit: value * unitOf(metric) ** POWERS[match[3]!.toUpperCase()]! };
}

/**
 * Parses several constraints, given one by one or separated by commas; all must hold.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`, also where one metric is limited twice.
 */
export function parseConstraints(
  texts: string | readonly string[],
  extra: readonly string[] = [],
): Constraint[] {
  const list = (typeof texts === 'string' ? [texts] : texts).flatMap((text) => text.split(','));
  const constraints = list.filter((text) => text.trim() !== '').map((text) => parseConstraint(text, extra));
  const seen = new Set<Metric>();
  for (const { metric } of constraints) {
    if (seen.has(metric)) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected one limit per metric but received two for ${metric}`,
      );
    }
    seen.add(metric);
  }
  return constraints;
}

/** `madds<=12M`: the shortest text that parses to the same constraint. */
export function formatConstraint({ metric, limit }: Constraint): string {
  for (const [suffix, power] of Object.entries(POWERS).reverse()) {
    const scaled = limit / unitOf(metric) ** power;
    if (power > 0 && scaled >= 1 && Number.isInteger(scaled * 1000)) return `${metric}<=${scaled}${suffix}`;
  }
  return `${metric}<=${limit}`;
}

/** A cost for people: `322.9M`, `6.32G` BitOps (units of 2^30). */
export function formatCost(metric: Metric, value: number): string {
  const unit = unitOf(metric);
  const [suffix, power] =
    Object.entries(POWERS)
      .reverse()
      .find(([, p]) => p > 0 && Math.abs(value) >= unit ** p) ?? [];
  if (power === undefined) return String(value);
  return `${(value / unit ** power).toPrecision(4)}${suffix}`;
}

function metricNamed(name: string, extra: readonly string[]): Metric {
  const known = [...METRICS, ...extra];
  const exact = extra.find((metric) => metric === name);
  if (exact !== undefined) return exact;
  const lower = name.toLowerCase();
  const metric = ALIASES[lower] ?? known.find((candidate) => candidate.toLowerCase() === lower);
  if (metric === undefined) {
    throw expected('a known metric', 'constraint', name, { hint: didYouMean(name, known) });
  }
  return metric;
}
