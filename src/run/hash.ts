import { createHash } from 'node:crypto';
import { canonicalJson } from '../space/hash.js';

/** SHA-256, hex, of a value's canonical JSON. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
