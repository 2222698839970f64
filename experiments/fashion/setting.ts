/** What the experiments of this folder share: the configuration of the demo, and the networks of the truth. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/schema/config.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { RandomStream } from '../../src/core/rng.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { legalArchitectures } from '../../src/pipeline/setup/legalArchitectures.js';
import { Equivalence } from '../../src/space/equivalence.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import { type CommonSetting, readCommon } from '../setting.js';

/** The limit of the demo: networks that a search on this space chooses among. */
export const LIMIT = 'madds<=1M';

export interface Setting extends CommonSetting {
  space: SearchSpace;
}

/** @param own options beside those that all experiments have, with their defaults. */
export function readSetting(own: Record<string, string>): Setting {
  const file = join(packageRoot(), 'examples', 'spaces', 'fashion.yaml');
  const common = readCommon('fashion', own, () => ({
    files: [join(packageRoot(), 'configs', 'demo.yaml')],
    set: [`space.file=${file}`, 'retrain.epochs=4', 'train.epochs=8'],
  }));
  return { ...common, space: openSpace(common.config(1).space) };
}

/** What decides trainings and scores, wherever the space's file lies. */
export function keyOf({ seed, data, train, retrain, evaluate, runtime }: Config): unknown {
  return { seed, data, train, retrain, evaluate, precision: runtime.precision };
}

/** A network that was trained alone: `results/truth.json` has them. */
export interface Trained {
  architecture: Architecture;
  /** Per cent. */
  accuracy: number;
}

/** The networks of the truth: first those drawn from the whole space, then those under the limit. */
export function readTruth(): Trained[] {
  const file = join(packageRoot(), 'experiments', 'fashion', 'results', 'truth.json');
  return JSON.parse(readFileSync(file, 'utf8')).result.networks as Trained[];
}

/** Which networks are trained alone: so many drawn from the whole space, and so many from those under the limit. */
export function networksOf(space: SearchSpace, free: number, legal: number): Architecture[] {
  const equivalence = new Equivalence(space);
  const sets = [
    { set: legalArchitectures(space, []), count: free },
    { set: legalArchitectures(space, [LIMIT]), count: legal },
  ];
  const found = new Map<string, Architecture>();
  for (const [purpose, { set, count }] of sets.entries()) {
    const random = new RandomStream(0, 'test', purpose);
    for (const until = found.size + count; found.size < until; ) {
      const architecture = equivalence.canonical(set.draw(random));
      found.set(architecture.join(), architecture);
    }
  }
  return [...found.values()];
}
