import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';

/** One rung of successive halving: so many networks train so many epochs more. */
export interface Rung {
  networks: number;
  epochs: number;
}

/** How long a network was trained, and how good it then was on the held-out images. */
export interface RungScore {
  accuracy: number;
  loss: number;
}

/**
 * Successive halving (Jamieson and Talwalkar 2016; Hyperband, arXiv 1603.06560): from rung to rung half of the networks
 * stay and train twice as long.
 *
 * @param count networks of the first rung.
 * @param epochs of the first rung.
 * @throws SinglePathError `INVALID_ARGUMENT`.
 */
export function halvingRungs(count: number, epochs: number, rungs: number): Rung[] {
  for (const [name, value] of Object.entries({ finalists: count, rungs }))
    checkArguments(`${name} of successive halving`, { count: value });
  if (!(epochs > 0)) throw expected('a positive number', 'epochs of successive halving', epochs);
  const plan: Rung[] = [{ networks: count, epochs }];
  while (plan.length < rungs && plan.at(-1)!.networks > 1) {
    const { networks, epochs: before } = plan.at(-1)!;
    plan.push({ networks: Math.ceil(networks / 2), epochs: 2 * before });
  }
  return plan;
}

/** Passes of one network over the training images, all rungs together. */
export function halvingEpochs(plan: readonly Rung[]): number {
  return plan.reduce((sum, { networks, epochs }) => sum + networks * epochs, 0);
}

/** A network in a successive halving, with its scores after each rung it took part in. */
export interface Contestant<Item> {
  item: Item;
  scores: RungScore[];
}

/**
 * Runs a plan. Networks are ordered by how many rungs they reached, then by accuracy after the last of them, the loss
 * deciding between equals.
 *
 * @param train trains one network on from its previous rung, and scores it.
 * @returns all networks, best first.
 */
export async function successiveHalving<Item>(
  items: readonly Item[],
  plan: readonly Rung[],
  train: (item: Item, rung: number) => Promise<RungScore>,
): Promise<Contestant<Item>[]> {
  let order: Contestant<Item>[] = items.map((item) => ({ item, scores: [] }));
  for (const [rung, { networks }] of plan.entries()) {
    const racing = order.slice(0, networks);
    for (const contestant of racing) contestant.scores.push(await train(contestant.item, rung));
    racing.sort((a, b) => better(a.scores.at(-1)!, b.scores.at(-1)!));
    order = [...racing, ...order.slice(networks)];
  }
  return order;
}

function better(a: RungScore, b: RungScore): number {
  return b.accuracy - a.accuracy || a.loss - b.loss;
}
