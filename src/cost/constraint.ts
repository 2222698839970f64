import { checkArguments } from '../core/check.js';
import { didYouMean, expected, SinglePathError } from '../core/errors.js';
import { METRICS } from './cost.js';
import type { Metric } from './table.js';

/** An upper limit on a cost: `cost(architecture, metric) <= limit`. */
export interface Constraint {
  metric: Metric;
  /** Plain numbers; nanoseconds for latency. */
  limit: number;
}

const ALIASES: Record<string, Metric> = { flops: 'madds', macs: 'madds', parameters: 'params' };

/** Powers of the unit: of 1000, but of 1024 for BitOps, which the literature gives in units of 2^30. */
function unitOf(metric: Metric): 1000 | 1024 {
  return metric === 'bitops' ? 1024 : 1000;
}

const POWERS: Record<string, number> = { '': 0, K: 1, M: 2, G: 3 };

/** Nanoseconds in the units a latency is given in, longest first. */
const TIMES: Record<string, number> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/** Nanoseconds in s, ms, us (or µs) or ns, in any case; undefined for anything else. */
export function nanosecondsIn(unit: string): number | undefined {
  const name = unit.toLowerCase().replace('µ', 'u');
  return Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
}

/** The file of the lookup table in `latency[pi.lut]`; undefined for every other metric. */
export function latencyTableOf(metric: Metric): string | undefined {
  return /^latency\[(.+)\]$/.exec(metric)?.[1];
}

/**
 * Parses `madds<=12M` and `latency[pi.lut]<=12ms`. Suffixes K, M, G (see `unitOf`); `flops` means madds, as in
 * the paper. A latency is that of a lookup table and needs a unit: s, ms, us or ns.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`.
 */
export function parseConstraint(text: string): Constraint {
  checkArguments('a constraint', { text });
  const match = /^\s*(latency\[[^\]]+\]|[\w.:-]+?)\s*<=\s*([\d.]+(?:e[+-]?\d+)?)\s*([a-zµ]*)\s*$/i.exec(text);
  if (!match || !Number.isFinite(Number(match[2]))) {
    throw expected('<metric><=<number>', 'constraint', text, { hint: EXAMPLES });
  }
  const metric = metricNamed(match[1]!);
  return { metric, limit: scaled(match[2]!, factorOf(metric, match[3]!, text)) };
}

/** A number times 1000^k or 1024^k, rounded once: 65.344 * 1e6 is less than 65344000. */
function scaled(number: string, factor: number): number {
  const zeros = Math.round(Math.log10(factor));
  if (10 ** zeros !== factor) return Number(number) * factor;
  const [digits, exponent = '0'] = number.toLowerCase().split('e');
  return Number(`${digits}e${Number(exponent) + zeros}`);
}

const EXAMPLES =
  'for example madds<=12M, or latency[pi.lut]<=12ms with a table of singlepath latency measure';

/** What a limit's suffix multiplies it with. */
function factorOf(metric: Metric, suffix: string, text: string): number {
  if (latencyTableOf(metric) !== undefined) {
    const factor = nanosecondsIn(suffix);
    if (factor !== undefined) return factor;
    throw expected('a unit of time (s, ms, us or ns)', `the limit of ${metric}`, text, {
      hint: `for example ${metric}<=12ms`,
    });
  }
  const power = POWERS[suffix.toUpperCase()];
  if (power !== undefined) return unitOf(metric) ** power;
  throw expected('<metric><=<number>', 'constraint', text, {
    hint: `after the number of ${metric} comes K, M, G or nothing`,
  });
}

/**
 * Parses several constraints, given one by one or separated by commas; all must hold.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`, also where one metric is limited twice.
 */
export function parseConstraints(texts: string | readonly string[]): Constraint[] {
  const given = typeof texts === 'string' ? [texts] : texts;
  checkArguments('parseConstraints()', { texts: given });
  const list = given.flatMap(splitOutsideBrackets);
  const constraints = list.filter((text) => text.trim() !== '').map(parseConstraint);
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

/** A path may have commas. */
function splitOutsideBrackets(text: string): string[] {
  return text.split(/,(?![^[]*\])/);
}

/** `madds<=12M`: the shortest text that parses to the same constraint. */
export function formatConstraint(constraint: Constraint): string {
  checkArguments('formatConstraint()', { constraint });
  const { metric, limit } = constraint;
  if (latencyTableOf(metric) !== undefined) return `${metric}<=${exactTime(limit)}`;
  for (const [suffix, power] of Object.entries(POWERS).reverse()) {
    const scaled = limit / unitOf(metric) ** power;
    if (power > 0 && scaled >= 1 && Number.isInteger(scaled * 1000)) return `${metric}<=${scaled}${suffix}`;
  }
  return `${metric}<=${limit}`;
}

/** A cost for people: `322.9M`, `6.32G` BitOps (units of 2^30), `11.32ms`. */
export function formatCost(metric: Metric, value: number): string {
  checkArguments('formatCost()', { text: metric });
  if (latencyTableOf(metric) !== undefined) return formatTime(value);
  const unit = unitOf(metric);
  const [suffix, power] =
    Object.entries(POWERS)
      .reverse()
      .find(([, p]) => p > 0 && Math.abs(value) >= unit ** p) ?? [];
  if (power === undefined) return String(value);
  return `${(value / unit ** power).toPrecision(4)}${suffix}`;
}

/** A cost with all its digits: `322918720`, `11.3198ms`. */
export function exactCost(metric: Metric, value: number): string {
  return latencyTableOf(metric) === undefined ? String(value) : exactTime(value);
}

/** A time in nanoseconds for people: `11.32ms`. */
export function formatTime(nanoseconds: number): string {
  const [unit, factor] = timeUnit(nanoseconds);
  return `${(nanoseconds / factor).toPrecision(4)}${unit}`;
}

function exactTime(nanoseconds: number): string {
  const [unit, factor] = timeUnit(nanoseconds);
  const text = String(nanoseconds / factor);
  // The shortest decimal is exact unless it reads back as another number.
  return scaled(text, factor) === nanoseconds ? `${text}${unit}` : `${nanoseconds}ns`;
}

function timeUnit(nanoseconds: number): [unit: string, factor: number] {
  return Object.entries(TIMES).find(([, factor]) => Math.abs(nanoseconds) >= factor) ?? ['ns', 1];
}

function metricNamed(name: string): Metric {
  if (latencyTableOf(name) !== undefined) return name;
  if (name.toLowerCase() === 'latency') {
    throw expected('latency[<table>]', 'constraint', name, {
      hint: 'latency is that of a lookup table: latency[pi.lut]<=12ms; singlepath latency measure makes one',
    });
  }
  const lower = name.toLowerCase();
  const metric = ALIASES[lower] ?? METRICS.find((candidate) => candidate.toLowerCase() === lower);
  if (metric === undefined) {
    throw expected('a known metric', 'constraint', name, { hint: didYouMean(name, METRICS) });
  }
  return metric;
}
