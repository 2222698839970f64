import { evaluationKey } from '../../src/evaluate/cacheFile.js';
import { populationEvaluator } from '../../src/evaluate/population.js';
import type { EvaluationCache } from '../../src/search/cache.js';
import type { Evaluate } from '../../src/search/types.js';
import type { Architecture } from '../../src/space/types.js';
import { FakeBatch, FakeNetwork } from '../train/fakes.js';

export const key = evaluationKey('weights', { images: 100 });

/** A supernet that remembers which architectures each call scored. */
export class WatchedSupernet extends FakeNetwork {
  readonly evaluated: Architecture[][] = [];
  override async evaluate(...args: Parameters<FakeNetwork['evaluate']>) {
    this.evaluated.push([...args[0]]);
    return super.evaluate(...args);
  }
}

export const evaluator = (supernet: FakeNetwork, cache: EvaluationCache, more = {}): Evaluate =>
  populationEvaluator({
    supernet,
    calibration: [new FakeBatch(0)],
    validation: [new FakeBatch(0)],
    cache,
    key,
    ...more,
  });
