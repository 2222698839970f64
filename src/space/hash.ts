import { createHash } from 'node:crypto';
import { checkArguments } from '../core/check.js';
import type { SearchSpace } from './types.js';

/** JSON with sorted keys: equal values give equal text, whatever order they were built in. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256, hex, of a value's canonical JSON. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/**
 * SHA-256, hex, of what a space computes: input, genes and graphs. Its name does not count, so a renamed space
 * still fits its checkpoints.
 */
export function spaceHash(space: SearchSpace): string {
  checkArguments('spaceHash()', { space });
  const { name: _, ...network } = space;
  return hashOf(network);
}
