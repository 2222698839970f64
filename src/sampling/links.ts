import { expected, SinglePathError } from '../core/errors.js';
import { type CostTable, optionOf, valuesOf } from '../cost/table.js';
import type { GeneSpace } from './sampler.js';

/** An additive cost and the closed interval it must lie in. */
export interface CostBound {
  table: CostTable;
  atMost?: number;
  atLeast?: number;
}

/** Combinations of one layer's genes that cost the same under every bound. */
export interface OptionClass {
  /** Whole units, one number per one-sided bound. */
  costs: Float64Array;
  /** Row-major indices over the layer's genes. */
  options: number[];
}

/** One layer of the chain as the counting sees it, or several in a row. */
export interface Link {
  genes: number[];
  sizes: number[];
  classes: OptionClass[];
  /** Index of each option's class. */
  classOf: number[];
}

/** The chain and, for each one-sided bound, the whole units that may be spent. */
export interface Problem {
  links: Link[];
  budgets: Float64Array;
}

/** One side of a {@link CostBound}: the sum of `sign` times the cost may not pass `limit`. */
export interface Side {
  table: CostTable;
  sign: 1 | -1;
  limit: number;
}

const LARGEST_LINK = 2 ** 20;
/**
 * Layers in a row are one link while it has at most so many classes. Budgets are rounded between links, so fewer links
 * lose less, and equal layers have few classes together. Measured: with this instead of a link a layer, half as much of
 * the MobileNet spaces is lost under two constraints, in twice the time.
 */
const MOST_CLASSES = 128;
/** Options of several layers together, which are listed one by one. */
const LARGEST_JOINED = 2 ** 14;
/** Costs that are not whole numbers (latency) are rounded to 2^-44 of the largest sum. */
const FRACTION_BITS = 44;

export function sidesOf(bounds: readonly CostBound[]): Side[] {
  return bounds.flatMap(({ table, atMost, atLeast }) => [
    ...(atMost === undefined ? [] : [{ table, sign: 1 as const, limit: atMost }]),
    ...(atLeast === undefined ? [] : [{ table, sign: -1 as const, limit: atLeast }]),
  ]);
}

/**
 * Writes the bounds as whole numbers of units over the layers that have genes. Whole costs stay exact. Others are
 * rounded to 2^-44 of the largest sum, and the budget gets one unit per layer so that a limit equal to an
 * architecture's own cost admits it: a relative tolerance below 1e-11.
 */
export function problemOf(space: GeneSpace, sides: readonly Side[]): Problem {
  const layers = [...new Set(space.genes.map((gene) => gene.layer))].sort((a, b) => a - b);
  const scaled = sides.map((side) => scale(side, layers.length));
  const links = layers.map((layer) => {
    const genes = space.genes.flatMap((gene, index) => (gene.layer === layer ? [index] : []));
    const sizes = genes.map((gene) => space.genes[gene]!.size);
    const columns = scaled.map((side) => column(space, side, layer, genes, sizes));
    const options = sizes.reduce((product, size) => product * size, 1);
    return {
      genes,
      sizes,
      ...classesOf(options, (option) => Float64Array.from(columns, (c) => c[option]!)),
    };
  });
  return { links: joined(links), budgets: Float64Array.from(scaled, ({ budget }) => budget) };
}

/** Neighbouring links as one, as far as classes allow. */
function joined(links: readonly Link[]): Link[] {
  const result: Link[] = [];
  for (const link of links) {
    const before = result.at(-1);
    const both = before && join(before, link);
    if (both === undefined) result.push(link);
    else result[result.length - 1] = both;
  }
  return result;
}

function join(first: Link, second: Link): Link | undefined {
  const sizes = [...first.sizes, ...second.sizes];
  const options = first.classOf.length * second.classOf.length;
  if (options > LARGEST_JOINED) return undefined;
  const genes = [...first.genes, ...second.genes];
  const inner = second.classOf.length;
  const costsOf = ({ classes, classOf }: Link, option: number) => classes[classOf[option]!]!.costs;
  const joint = classesOf(options, (option) => {
    const rest = costsOf(second, option % inner);
    return costsOf(first, Math.floor(option / inner)).map((cost, k) => cost + rest[k]!);
  });
  return joint.classes.length <= MOST_CLASSES ? { genes, sizes, ...joint } : undefined;
}

/** A side in whole units: the budget is what may be spent over the layers with genes. */
interface ScaledSide extends Omit<Side, 'limit'> {
  unit: number;
  budget: number;
}

function scale({ table, sign, limit }: Side, links: number): ScaledSide {
  if (Number.isNaN(limit)) throw expected('a number', `the limit of ${table.metric}`, limit);
  let whole = Number.isInteger(table.base);
  let largest = Math.abs(table.base);
  for (const { costs, layer } of table.layers) {
    let most = 0;
    for (const cost of costs) {
      if (!Number.isFinite(cost)) throw expected('finite costs', `${table.metric} of layer ${layer}`, cost);
      whole &&= Number.isInteger(cost);
      most = Math.max(most, Math.abs(cost));
    }
    largest += most;
  }
  if (whole) {
    if (largest > Number.MAX_SAFE_INTEGER)
      throw expected('sums below 2^53', `the cost ${table.metric}`, largest);
    const budget = sign === 1 ? Math.floor(limit) - table.base : table.base - Math.ceil(limit);
    return { table, sign, unit: 1, budget: Math.min(budget, largest) };
  }
  const unit = 2 ** (Math.ceil(Math.log2(largest)) - FRACTION_BITS);
  // A limit beyond every sum, Infinity for one, is no number of units that can be counted down.
  const budget = Math.min(sign * (limit - table.base), largest);
  return { table, sign, unit, budget: Math.floor(budget / unit) + links + 1 };
}

/** What each option of a layer costs, in units. */
function column(
  space: GeneSpace,
  { table, sign, unit }: ScaledSide,
  layer: number,
  genes: readonly number[],
  sizes: readonly number[],
): Float64Array {
  const options = sizes.reduce((product, size) => product * size, 1);
  if (options > LARGEST_LINK) {
    throw new SinglePathError(
      'INVALID_SPACE',
      `Layer ${layer} of '${space.name}' has ${options} combinations of genes; at most ${LARGEST_LINK} can be counted`,
    );
  }
  const costs = new Float64Array(options);
  // A table lists only the genes its cost depends on, so it can have fewer than the layer.
  for (const row of table.layers) {
    if (row.layer !== layer) continue;
    const positions = row.genes.map((gene) => genes.indexOf(gene));
    for (let option = 0; option < options; option++) {
      const index = optionOf(valuesOf(option, sizes), positions, row.sizes);
      costs[option]! += sign * Math.round(row.costs[index]! / unit);
    }
  }
  return costs;
}

/** Options that cost the same, together. */
function classesOf(
  count: number,
  costsOf: (option: number) => Float64Array,
): Pick<Link, 'classes' | 'classOf'> {
  const classes: OptionClass[] = [];
  const known = new Map<string, number>();
  const classOf = Array.from({ length: count }, (_, option) => {
    const costs = costsOf(option);
    const key = costs.join();
    let index = known.get(key);
    if (index === undefined) {
      index = classes.push({ costs, options: [] }) - 1;
      known.set(key, index);
    }
    classes[index]!.options.push(option);
    return index;
  });
  return { classes, classOf };
}
