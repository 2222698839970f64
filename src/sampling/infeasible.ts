import { SinglePathError } from '../core/errors.js';
import { exactCost } from '../cost/constraint.js';
import { tableCost, valuesOf } from '../cost/table.js';
import type { Architecture } from '../space/types.js';
import type { Problem, Side } from './links.js';
import type { GeneSpace } from './sampler.js';

/**
 * The proof that no architecture meets the bounds, or undefined when one does. A bound that cannot be met alone is
 * named with its extreme value; otherwise a smallest group of bounds that exclude each other is named, with the
 * extreme value of each given the others.
 */
export function infeasible(
  space: GeneSpace,
  problem: Problem,
  sides: readonly Side[],
): SinglePathError | undefined {
  const all = sides.map((_, k) => k);
  for (const k of all) {
    const best = smallest(problem, k, [])!;
    if (best.cost > problem.budgets[k]!) return alone(space, sides[k]!, best.architecture);
  }
  if (all.length < 2 || meets(problem, all)) return undefined;
  // Leave out every bound without which the rest still cannot be met: what remains is needed for the conflict.
  let group = all;
  for (const k of all) {
    const rest = group.filter((other) => other !== k);
    if (rest.length > 1 && !meets(problem, rest)) group = rest;
  }
  return together(space, problem, sides, group);
}

interface Label {
  costs: Float64Array;
  option: number;
  previous: Label | undefined;
}

function meets(problem: Problem, group: number[]): boolean {
  const [first, ...others] = group;
  const best = smallest(problem, first!, others);
  return best !== undefined && best.cost <= problem.budgets[first!]!;
}

/**
 * Smallest sum of bound `target` while the `given` bounds hold, with an architecture that has it; undefined when
 * those cannot be met. Shortest path with several resources: after each layer only the sums that no other sum
 * beats in every respect are kept (Martins 1984).
 */
function smallest(
  problem: Problem,
  target: number,
  given: readonly number[],
): { cost: number; architecture: Architecture } | undefined {
  const { links, budgets } = problem;
  const used = [target, ...given];
  const suffix = links.map(() => new Float64Array(used.length));
  for (let i = links.length - 2; i >= 0; i--) {
    suffix[i] = suffix[i + 1]!.map(
      (sum, u) => sum + Math.min(...links[i + 1]!.classes.map(({ costs }) => costs[used[u]!]!)),
    );
  }
  let front: Label[] = [{ costs: new Float64Array(used.length), option: 0, previous: undefined }];
  for (let i = 0; i < links.length; i++) {
    const next: Label[] = [];
    for (const previous of front) {
      for (const { costs, options } of links[i]!.classes) {
        const sums = previous.costs.map((sum, u) => sum + costs[used[u]!]!);
        if (given.every((k, u) => sums[u + 1]! + suffix[i]![u + 1]! <= budgets[k]!)) {
          next.push({ costs: sums, option: options[0]!, previous });
        }
      }
    }
    front = undominated(next);
  }
  const best = front[0];
  return best && { cost: best.costs[0]!, architecture: trace(problem, best) };
}

/** Labels that no other beats in every cost, in lexicographic order. */
function undominated(labels: Label[]): Label[] {
  labels.sort((a, b) => {
    for (let u = 0; u < a.costs.length; u++) if (a.costs[u] !== b.costs[u]) return a.costs[u]! - b.costs[u]!;
    return 0;
  });
  const kept: Label[] = [];
  for (const label of labels) {
    // In this order only kept labels can dominate; with two costs the last one decides.
    const rivals = label.costs.length <= 2 ? kept.slice(-1) : kept;
    if (!rivals.some(({ costs }) => costs.every((cost, u) => cost <= label.costs[u]!))) kept.push(label);
  }
  return kept;
}

function trace({ links }: Problem, label: Label): Architecture {
  const architecture: number[] = [];
  let at: Label = label;
  for (let i = links.length - 1; i >= 0; i--) {
    const { genes, sizes } = links[i]!;
    valuesOf(at.option, sizes).forEach((value, g) => {
      architecture[genes[g]!] = value;
    });
    at = at.previous!;
  }
  return architecture;
}

function alone(space: GeneSpace, side: Side, architecture: Architecture): SinglePathError {
  return new SinglePathError(
    'INFEASIBLE_CONSTRAINT',
    `No architecture of '${space.name}' meets ${text(side)}: the ${extreme(side)} possible is ${value(side, architecture)}, by ${architecture.join(',')}`,
    { hint: `use a limit of ${side.sign === 1 ? 'at least' : 'at most'} ${value(side, architecture)}` },
  );
}

function together(
  space: GeneSpace,
  problem: Problem,
  sides: readonly Side[],
  group: number[],
): SinglePathError {
  const bounds = group.map((k) => {
    const others = group.filter((other) => other !== k);
    // Every proper part of the group can be met, so there is an architecture.
    const { architecture } = smallest(problem, k, others)!;
    const given = others.map((other) => text(sides[other]!)).join(' and ');
    return `given ${given} the ${extreme(sides[k]!)} possible is ${value(sides[k]!, architecture)}, by ${architecture.join(',')}`;
  });
  return new SinglePathError(
    'INFEASIBLE_CONSTRAINT',
    `No architecture of '${space.name}' meets ${group.map((k) => text(sides[k]!)).join(' and ')} together: ${bounds.join('; ')}`,
    { hint: 'loosen one of these limits to the value given, or beyond' },
  );
}

const text = ({ table: { metric }, sign, limit }: Side) =>
  `${metric}${sign === 1 ? '<=' : '>='}${exactCost(metric, limit)}`;
const extreme = ({ table, sign }: Side) => `${sign === 1 ? 'smallest' : 'largest'} ${table.metric}`;
const value = ({ table }: Side, architecture: Architecture) =>
  exactCost(table.metric, tableCost(table, architecture));
