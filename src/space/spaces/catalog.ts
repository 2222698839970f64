import { checkArguments } from '../../core/check.js';
import { didYouMean, expected } from '../../core/errors.js';
import { checkInputOption, INPUT_OPTIONS } from '../input.js';
import type { SearchSpace } from '../types.js';
import { catalog, type Entry } from './index.js';

/** What may be changed of a named space; some spaces have further options, see {@link SpaceEntry.options}. */
export interface SpaceOptions {
  /** Height and width of the input images. */
  size?: number | undefined;
  classes?: number | undefined;
  /** Input channels: 3 for colour, 1 for grey. */
  channels?: number | undefined;
  /** Channel spaces: the block of every layer, or one per layer. */
  blocks?: number | readonly number[] | undefined;
  /** Mixed-precision spaces: PACT features with DoReFa weights, or LSQ for both. */
  quantizer?: 'pact' | 'lsq' | undefined;
  /** Mixed-precision spaces: candidates of (weight bits, feature bits). */
  pairs?: readonly (readonly [number, number])[] | undefined;
  /** Baseline: the block used everywhere, and the MAdds to come close to. */
  choice?: number | undefined;
  madds?: number | undefined;
}

/** A named space: what it is, its usual input, and the names of its further options. */
export interface SpaceEntry {
  name: string;
  summary: string;
  size: number;
  classes: number;
  channels: number;
  options: string[];
}

/** Named spaces, with what they are and their usual input. */
export function listSpaces(): SpaceEntry[] {
  return Object.entries(catalog).map(([name, { build: _, options = {}, ...entry }]) => ({
    name,
    ...entry,
    options: Object.keys(options),
  }));
}

/**
 * A named space, for its usual input or another size and number of classes.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` (unknown name or option), `INVALID_SPACE` (the input does not fit).
 */
export function getSpace(name: string, options: SpaceOptions | Record<string, unknown> = {}): SearchSpace {
  checkArguments('getSpace()', { text: name, options });
  const entry = Object.hasOwn(catalog, name) ? catalog[name] : undefined;
  if (!entry) {
    throw expected('a known search space', 'space', name, { hint: didYouMean(name, Object.keys(catalog)) });
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const checked = Object.fromEntries(
    given.map(([key, value]) => [key, checkOption(name, entry, key, value)]),
  );
  const { size, classes, channels } = entry;
  return entry.build({ name, size, classes, channels, ...checked });
}

function checkOption(name: string, { options = {} }: Entry, key: string, value: unknown): unknown {
  if (INPUT_OPTIONS.includes(key)) return checkInputOption(name, key, value);
  const option = Object.hasOwn(options, key) ? options[key] : undefined;
  const known = [...INPUT_OPTIONS, ...Object.keys(options)];
  if (!option) throw expected('a known option', `'${name}'`, key, { hint: didYouMean(key, known) });
  if (!option.valid(value)) throw expected(option.what, `${key} of '${name}'`, value);
  return value;
}
