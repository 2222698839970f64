import { expected, SinglePathError } from '../core/errors.js';
import type { Architecture } from '../space/types.js';
import type { Evaluate, Score } from './types.js';

/** What a score depends on besides the architecture. */
export interface EvaluationKey {
  /** Hash of the supernet's weights. */
  supernet: string;
  /** Hash of the evaluation set-up: calibration and validation images, batch size, precision, kernels. */
  setup: string;
  /** What computes, which rounds otherwise than others. Absent in entries of earlier versions, which serve any. */
  machine?: string;
}

/** One line of the cache file. */
export interface CacheEntry extends EvaluationKey {
  architecture: Architecture;
  score: Score;
}

/**
 * Scores shared by several searches on one supernet. The caller persists it: give the lines of a file to
 * {@link load}, and append what `onEntry` hands out.
 */
export class EvaluationCache {
  readonly #scores = new Map<string, Score>();

  /** @param onEntry receives each new entry as one line of JSON without the line break. */
  constructor(readonly onEntry: (line: string) => void = () => {}) {}

  get size(): number {
    return this.#scores.size;
  }

  /**
   * Reads lines written through `onEntry`. Lines that do not fit are left out: their scores are measured again.
   *
   * @returns the numbers of those lines, without a last one that was cut off, as a killed process leaves it.
   */
  load(text: string): number[] {
    const damaged: number[] = [];
    const lines = text.split('\n');
    lines.forEach((line, i) => {
      if (line.trim() === '') return;
      const entry = parse(line);
      if (entry !== undefined) this.#scores.set(keyOf(entry, entry.architecture), entry.score);
      else if (i !== lines.length - 1) damaged.push(i + 1);
    });
    return damaged;
  }

  get(key: EvaluationKey, architecture: Architecture): Score | undefined {
    const { supernet, setup } = key;
    return (
      this.#scores.get(keyOf(key, architecture)) ?? this.#scores.get(keyOf({ supernet, setup }, architecture))
    );
  }

  set({ supernet, setup, machine }: EvaluationKey, architecture: Architecture, score: Score): void {
    const key = { supernet, setup, ...(machine !== undefined && { machine }) };
    this.#scores.set(keyOf(key, architecture), score);
    this.onEntry(JSON.stringify({ ...key, architecture, score } satisfies CacheEntry));
  }
}

/** `evaluate`, asked only for what the cache does not hold. */
export function cached(evaluate: Evaluate, cache: EvaluationCache, key: EvaluationKey): Evaluate {
  return async (architectures, options) => {
    const missing = new Map<string, Architecture>();
    for (const architecture of architectures) {
      if (cache.get(key, architecture) === undefined) missing.set(architecture.join(), architecture);
    }
    if (missing.size > 0) {
      const asked = [...missing.values()];
      const scores = await evaluate(asked, options);
      if (scores.length !== asked.length)
        throw expected(`${asked.length} scores`, 'evaluate()', scores.length);
      asked.forEach((architecture, i) => {
        checkScore(architecture, scores[i]!);
      });
      asked.forEach((architecture, i) => {
        cache.set(key, architecture, scores[i]!);
      });
    }
    return architectures.map((architecture) => cache.get(key, architecture)!);
  };
}

/** A loss or accuracy that is no number would be cached as `null`, and rank. */
function checkScore(architecture: Architecture, score: Score): void {
  for (const [measure, value] of Object.entries(score)) {
    if (value === undefined || Number.isFinite(value)) continue;
    throw new SinglePathError(
      'NON_FINITE_LOSS',
      `Expected a finite ${measure} for path ${architecture.join()} but received ${value}`,
    );
  }
}

function keyOf({ supernet, setup, machine }: EvaluationKey, architecture: Architecture): string {
  return JSON.stringify([supernet, setup, machine, architecture]);
}

function parse(line: string): CacheEntry | undefined {
  try {
    const { supernet, setup, machine, architecture, score } = JSON.parse(line) as CacheEntry;
    const named = [supernet, setup, machine ?? ''].every((name) => typeof name === 'string');
    const fits = named && Array.isArray(architecture);
    const measures = Object.values(score);
    return fits &&
      architecture.every(Number.isInteger) &&
      'accuracy' in score &&
      measures.every(Number.isFinite)
      ? { supernet, setup, ...(machine !== undefined && { machine }), architecture, score }
      : undefined;
  } catch {
    return undefined;
  }
}
