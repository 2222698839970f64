import { expected } from '../../core/errors.js';
import type { FeasibleSet } from '../../sampling/feasible.js';
import { chooseFinalists, type Finalist } from '../../search/finalists.js';
import {
  type Contestant,
  halvingEpochs,
  halvingRungs,
  type Rung,
  successiveHalving,
} from '../../search/halving.js';
import type { Candidate } from '../../search/types.js';
import { Equivalence } from '../../space/equivalence.js';
import type { SearchSpace } from '../../space/types.js';
import type { Trials } from './trials.js';

/** What the finalists cost, known before the first of them is trained. */
export interface FinalistsBudget {
  rungs: Rung[];
  /** Images that go through a network forward and backward, all finalists together. */
  imagePasses: number;
}

export interface FinalistsControl {
  space: SearchSpace;
  trials: Trials;
  /** Everything the search evaluated, with the scores it ranks by. */
  candidates: readonly Candidate[];
  count: number;
  epochs: number;
  rungs: number;
  onBudget?: ((budget: FinalistsBudget) => void) | undefined;
  onTrial?: ((done: number, total: number) => void) | undefined;
}

/** Architectures that are looked at to find out how many networks they are: among more there are always enough. */
const MOST_COUNTED = 20_000n;

/**
 * Before a search evaluates anything.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for more finalists than there are different networks to choose from.
 */
export function checkFinalists(space: SearchSpace, count: number, feasible: FeasibleSet): void {
  const { count: legal } = feasible;
  const refuse = (most: number | bigint, what: string) =>
    expected(`at most ${most}, ${what} that meet the constraints,`, 'search.finalists', count, {
      hint: 'loosen a constraint, or ask for fewer finalists',
    });
  if (BigInt(count) > legal) throw refuse(legal, 'the architectures');
  if (count <= 1 || legal > MOST_COUNTED) return;
  const equivalence = new Equivalence(space);
  const networks = new Set<string>();
  for (let rank = 0n; rank < legal; rank++) {
    networks.add(equivalence.canonical(feasible.at(rank)).join());
    if (networks.size >= count) return;
  }
  throw refuse(networks.size, 'the different networks');
}

/**
 * Trains the best candidates and a diverse rest by successive halving, with warm restarts (arXiv 1608.03983): each rung
 * starts from the weights of the one before with a fresh learning rate, so that networks are compared at its end, where
 * the rate is 0.
 *
 * @returns all finalists, the winner first.
 * @throws SinglePathError `INVALID_ARGUMENT` for more finalists than candidates, and what a training throws.
 */
export async function trainFinalists(control: FinalistsControl): Promise<Finalist[]> {
  const { space, trials, candidates, count, epochs, onBudget, onTrial } = control;
  const equivalence = new Equivalence(space);
  const genesOf = ({ architecture }: Candidate) => equivalence.canonical(architecture);
  const chosen = chooseFinalists(space, candidates, count, genesOf);
  const plan = halvingRungs(count, epochs, control.rungs);
  onBudget?.({ rungs: plan, imagePasses: Math.round(halvingEpochs(plan) * trials.imagesPerEpoch) });
  const total = plan.reduce((sum, { networks }) => sum + networks, 0);
  let done = 0;
  const folders = new Map<Candidate, string[]>(chosen.map((candidate) => [candidate, []]));
  const order = await successiveHalving(chosen, plan, async (candidate, rung) => {
    const own = folders.get(candidate)!;
    const { architecture } = candidate;
    const { folder, ...score } = await trials.run({
      architecture,
      epochs: plan[rung]!.epochs,
      from: own.at(-1),
    });
    own.push(folder);
    onTrial?.(++done, total);
    return score;
  });
  return order.map(({ item, scores }: Contestant<Candidate>) => ({
    architecture: item.architecture,
    score: item.score,
    rungs: scores.map((score, rung) => ({
      epochs: plan[rung]!.epochs,
      ...score,
      folder: folders.get(item)![rung]!,
    })),
  }));
}
