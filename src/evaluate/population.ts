import { checkArguments, checkCallbacks } from '../core/check.js';
import type { NativeBatch } from '../runtime/native.js';
import { cached, type EvaluationCache, type EvaluationKey } from '../search/cache.js';
import type { Evaluate, Score } from '../search/types.js';
import type { Architecture } from '../space/types.js';
import { accuraciesOf, type Supernet } from '../supernet/supernet.js';

/** Candidates per native call. */
export const CHUNK = 64;

export interface PopulationOptions {
  supernet: Pick<Supernet, 'evaluate'>;
  /** Fixed calibration batches: not augmented, the same for every candidate. */
  calibration: NativeBatch[];
  /** The same validation batches for every candidate. */
  validation: NativeBatch[];
  /** Scores already known; new ones are added chunk by chunk. */
  cache: EvaluationCache;
  key: EvaluationKey;
  /** Bytes that prefixes shared between candidates may take. */
  memoryBytes?: number;
  /** Candidates per native call: at most so many evaluations are lost when the process is killed. Default `CHUNK`. */
  chunk?: number;
  /** Candidates scored, cached ones included, of the population at hand. */
  onProgress?: (done: number, total: number) => void;
  /** Work of a chunk: layers run, and what evaluating each path alone would have run. */
  onWork?: (work: { evaluated: number; layersRun: number; layersAlone: number }) => void;
}

/**
 * The `evaluate` of a search: inherited weights, BatchNorm recalibrated for each path, accuracy on fixed images.
 * Scores do not depend on the company of a candidate, so caching and chunks change nothing but the time.
 */
export function populationEvaluator(options: PopulationOptions): Evaluate {
  checkArguments('populationEvaluator()', { options });
  const { onProgress, onWork } = options;
  checkCallbacks({ onProgress, onWork });
  const { supernet, calibration, validation, memoryBytes, cache, key, chunk = CHUNK } = options;

  const score: Evaluate = async (architectures, { signal }) => {
    const result = await supernet.evaluate(architectures, {
      calibration,
      validation,
      signal,
      ...(memoryBytes !== undefined && { memoryBytes }),
      // The native evaluator counts layers: a trie has no candidate that is done before the others.
      onProgress: (done, total) => report(Math.floor((done / total) * architectures.length)),
    });
    const { images, layersRun, layersAlone } = result;
    onWork?.({ evaluated: architectures.length, layersRun, layersAlone });
    const { correct, top5, loss } = result;
    return architectures.map(
      (_, i): Score => accuraciesOf({ correct: correct[i]!, top5: top5[i]!, loss: loss[i]!, images }),
    );
  };

  let report = (_done: number): void => {};
  const evaluate = cached(score, cache, key);
  return async (architectures, settings) => {
    const missing = architectures.filter((architecture) => cache.get(key, architecture) === undefined);
    // Neighbours in this order share prefixes, so they belong into the same chunk.
    missing.sort(compareArchitectures);
    for (let start = 0; start < missing.length; start += chunk) {
      const known = architectures.length - missing.length + start;
      report = (done) => onProgress?.(known + done, architectures.length);
      await evaluate(missing.slice(start, start + chunk), settings);
    }
    onProgress?.(architectures.length, architectures.length);
    return evaluate(architectures, settings);
  };
}

function compareArchitectures(a: Architecture, b: Architecture): number {
  const gene = a.findIndex((value, index) => value !== b[index]);
  return gene === -1 ? 0 : a[gene]! - b[gene]!;
}
