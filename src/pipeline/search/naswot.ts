import type { Config } from '../../config/schema/config.js';
import type { Evaluate } from '../../search/types.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { fixedSubset, openTrainingImages } from '../images/images.js';
import { withNormalization } from '../runs/imageRecord.js';
import { Disposables } from '../setup/disposables.js';
import { createNetwork } from '../setup/fromConfig.js';

/** Scores architectures by NASWOT. */
export interface Naswot extends Disposable {
  scores(architectures: readonly Architecture[], signal?: AbortSignal): Promise<number[]>;
}

/**
 * NASWOT of the untrained supernet, whose first weights the seed decides, on `evaluate.naswotImages` held-out images.
 * Nothing is trained.
 *
 * @param supernet run directory of the trained one beside which it scores, normalized as that one's images are.
 */
export async function openNaswot(
  config: Config,
  space: SearchSpace,
  { supernet, signal }: { supernet?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Naswot> {
  const count = config.evaluate.naswotImages;
  using stack = new Disposables();
  const normalized = supernet === undefined ? config : withNormalization(config, supernet);
  using images = await openTrainingImages(normalized, space);
  using chosen = fixedSubset(images.heldOut, count);
  const batches = await chosen.batches({ batchSize: count, signal });
  stack.addAll(batches);
  const untrained = stack.add(createNetwork(space, config));
  const owned = stack.move();
  const known = new Map<string, number>();
  return {
    scores: async (architectures, stop) => {
      const unknown = architectures.filter((architecture) => !known.has(architecture.join()));
      const scores =
        unknown.length === 0 ? [] : await untrained.naswot(unknown, batches[0]!, { signal: stop });
      scores.forEach((score, i) => {
        // Two images that are the same make the kernel singular, and its logarithm infinite.
        known.set(unknown[i]!.join(), Number.isFinite(score) ? score : 0);
      });
      return architectures.map((architecture) => known.get(architecture.join())!);
    },
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}

/** `evaluate` with NASWOT as a further measure of each score. */
export function withNaswot(evaluate: Evaluate, naswot: Naswot): Evaluate {
  return async (architectures, options) => {
    const scores = await evaluate(architectures, options);
    const more = await naswot.scores(architectures, options.signal);
    return scores.map((score, i) => ({ ...score, naswot: more[i]! }));
  };
}
