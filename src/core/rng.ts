/**
 * Counter-based random numbers: every draw is a function of (seed, purpose, counter, index), so results do not
 * depend on the order of calls or on thread counts, and the state to save for resume is one counter.
 * The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014) applied to a keyed counter, in two 32-bit halves;
 * native/core/rng.h computes the same numbers.
 */

import { checkArguments } from './check.js';
import { expected } from './errors.js';

/** What a stream of random numbers is for. Streams of different purposes never overlap. */
export type Purpose =
  | 'sampling'
  | 'search'
  | 'initialization'
  | 'shuffle'
  | 'augmentation'
  | 'dropout'
  | 'split'
  | 'test'
  | 'mixing';

const PURPOSES: Record<Purpose, number> = {
  sampling: 1,
  search: 2,
  initialization: 3,
  shuffle: 4,
  augmentation: 5,
  dropout: 6,
  split: 7,
  test: 8,
  mixing: 9,
};

const MASK = (1n << 64n) - 1n;
const GOLDEN = 0x9e3779b97f4a7c15n;

/** SplitMix64 finaliser: a bijection on 64-bit integers. */
export function mix64(value: bigint): bigint {
  let z = value & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** 64-bit key of the stream (seed, purpose, counter); `index` numbers the draws inside it. */
export function streamKey(seed: number, purpose: Purpose, counter: number): bigint {
  const a = mix64(BigInt(seed) + GOLDEN);
  const b = mix64(a ^ (BigInt(PURPOSES[purpose]) * GOLDEN));
  return mix64(b ^ (BigInt(counter) * GOLDEN));
}

/** A stream of draws for one (seed, purpose, counter), for instance one training step or one generation. */
export class RandomStream {
  readonly #key: bigint;
  #index = 0n;

  constructor(seed: number, purpose: Purpose, counter: number) {
    checkArguments('RandomStream', { seed, step: counter });
    if (!Object.hasOwn(PURPOSES, purpose))
      throw expected('a purpose of random numbers', 'RandomStream', purpose);
    this.#key = streamKey(seed, purpose, counter);
  }

  /** Next 64 random bits. */
  bits(): bigint {
    this.#index += 1n;
    return mix64((this.#key + this.#index * GOLDEN) & MASK);
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  /** Uniform integer in [0, size). Bias below 2^-32 for size < 2^32. */
  integer(size: number): number {
    return Number((this.bits() * BigInt(size)) >> 64n);
  }

  /**
   * Draws `count` of the items without replacement, in random order: the front of a Fisher-Yates shuffle. With all of
   * them it is a uniform permutation.
   */
  sample<T>(items: readonly T[], count = items.length): T[] {
    const drawn = [...items];
    for (let i = 0; i < count; i++) {
      const j = i + this.integer(drawn.length - i);
      [drawn[i], drawn[j]] = [drawn[j]!, drawn[i]!];
    }
    return drawn.slice(0, count);
  }

  /** Uniform bigint in [0, size) for any positive size, by rejection on the top bits. */
  bigInteger(size: bigint): bigint {
    const width = size.toString(2).length;
    for (;;) {
      let value = 0n;
      for (let have = 0; have < width; have += 64) value = (value << 64n) | this.bits();
      value &= (1n << BigInt(width)) - 1n;
      if (value < size) return value;
    }
  }
}
