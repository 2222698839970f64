import { expected } from './errors.js';

/**
 * The product of sizes that come from outside: beyond 2^53 numbers are no longer exact, and a product that is off
 * passes for another size. Its native half is native/core/sizes.h.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming `what`.
 */
export function productOf(sizes: readonly number[], what: string): number {
  if (sizes.includes(0)) return 0;
  const product = sizes.reduce((so, size) => so * size, 1);
  if (Number.isSafeInteger(product)) return product;
  throw expected('at most 2^53 elements', what, sizes.join(' x '));
}
