import { didYouMean, expected } from '../core/errors.js';
import { CIFAR, IMAGENET, SMALL, shuffleNetV2 } from './spaces/shufflenetV2.js';
import type { SearchSpace } from './types.js';

/** What may be changed of a named space. */
export interface SpaceOptions {
  /** Height and width of the input images. */
  size?: number | undefined;
  classes?: number | undefined;
  /** Input channels: 3 for colour, 1 for grey. */
  channels?: number | undefined;
}

/** A named space: what it is, its usual input, and how to build it. */
interface Entry {
  summary: string;
  size: number;
  classes: number;
  channels: number;
  build(options: Required<Pick<SpaceEntry, 'name' | 'size' | 'classes' | 'channels'>>): SearchSpace;
}

export interface SpaceEntry extends Omit<Entry, 'build'> {
  name: string;
}

const SPACES: Record<string, Entry> = {
  'spos-shufflenet-v2': {
    summary: 'blocks of the paper: 20 layers x (3x3, 5x5, 7x7, xception)',
    size: 224,
    classes: 1000,
    channels: 3,
    build: (options) => shuffleNetV2({ ...options, table: IMAGENET, widths: false }),
  },
  'spos-shufflenet-v2-cifar': {
    summary: 'the same blocks for 32 x 32 images: stride 2 at blocks 4 and 8 only',
    size: 32,
    classes: 10,
    channels: 3,
    build: (options) => shuffleNetV2({ ...options, table: CIFAR, widths: false }),
  },
  'spos-shufflenet-v2-28': {
    summary: 'the same blocks for 28 x 28 grey images: 8 layers, trains on a CPU in minutes',
    size: 28,
    classes: 10,
    channels: 1,
    build: (options) => shuffleNetV2({ ...options, table: SMALL, widths: false }),
  },
  'spos-shufflenet-v2-joint': {
    summary: 'blocks and channels together: 20 layers x 4 blocks x 8 widths',
    size: 224,
    classes: 1000,
    channels: 3,
    build: (options) => shuffleNetV2({ ...options, table: IMAGENET, widths: true }),
  },
};

/** Named spaces with what they are and their usual input. */
export function listSpaces(): SpaceEntry[] {
  return Object.entries(SPACES).map(([name, { build: _, ...entry }]) => ({ name, ...entry }));
}

/**
 * A named space, for its usual input or another size and number of classes.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` (unknown name), `INVALID_SPACE` (the input does not fit).
 */
export function getSpace(name: string, options: SpaceOptions = {}): SearchSpace {
  const entry = Object.hasOwn(SPACES, name) ? SPACES[name] : undefined;
  if (!entry)
    throw expected('a known search space', 'space', name, { hint: didYouMean(name, Object.keys(SPACES)) });
  const { size = entry.size, classes = entry.classes, channels = entry.channels } = options;
  return entry.build({ name, size, classes, channels });
}
