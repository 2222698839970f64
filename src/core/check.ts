import { expected } from './errors.js';

/**
 * Callbacks of a call, checked before it begins: one that is no function would fail in the middle of the work.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming the callback.
 */
export function checkCallbacks(callbacks: Record<string, unknown>): void {
  for (const [name, callback] of Object.entries(callbacks)) {
    if (callback !== undefined && typeof callback !== 'function')
      throw expected('a function', name, callback);
  }
}

/** @throws SinglePathError `INVALID_ARGUMENT` where `value` is no object. */
export function checkObject(value: unknown, what: string, where: string): void {
  if (typeof value !== 'object' || value === null) throw expected(what, where, value);
}

/** @throws SinglePathError `INVALID_ARGUMENT` where `value` is no array. */
export function checkArray(value: unknown, what: string, where: string): void {
  if (!Array.isArray(value)) throw expected(what, where, value);
}

/** @throws SinglePathError `INVALID_ARGUMENT` where `value` is no text. */
export function checkText(value: unknown, what: string, where: string): void {
  if (typeof value !== 'string') throw expected(what, where, value);
}

/** An object that has lists under these names, as search spaces do. @throws SinglePathError `INVALID_ARGUMENT`. */
export function checkLists(value: unknown, lists: readonly string[], what: string, where: string): void {
  checkObject(value, what, where);
  for (const list of lists) checkArray((value as Record<string, unknown>)[list], what, where);
}
