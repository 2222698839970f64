import { expected } from '../core/errors.js';
import type { AugmentSource } from '../runtime/native.js';
import { DATA_DEFAULTS } from './defaults.js';
import type { Normalization } from './normalize.js';

/** How training images are varied. Every draw is a function of (seed, epoch, image). Default of all: off. */
export interface AugmentOptions {
  /** A box of random area (share of the image) and aspect ratio becomes the image: torchvision's RandomResizedCrop. */
  randomResizedCrop?: boolean | { scale?: readonly [number, number]; ratio?: readonly [number, number] };
  /** Pixels of black padding on each side before a random crop of the image's size. */
  cropPadding?: number;
  /** Mirror left to right with probability 1/2. */
  flip?: boolean;
  /** Factors are uniform in 1 ± strength (at most 1), hue turns by up to that share of the circle (at most 0.5). */
  colorJitter?: { brightness?: number; contrast?: number; saturation?: number; hue?: number };
  /** Probability that a box of 2 to 33 % of the image is filled with the mean: random erasing. */
  erase?: number;
  /** Side of a square around a random point that is filled with the mean: Cutout. */
  cutout?: number;
  /** Parameter of the Beta distribution of mixup's weights; the loss takes both labels. With cutmix: half of the batches each. */
  mixup?: number;
  /** The same of cutmix. */
  cutmix?: number;
}

/** Augmentation of published recipes. */
export const AUGMENT_PRESETS = {
  none: {},
  flip: { flip: true },
  /** CIFAR (He et al. 2016): `cropPadding` of an eighth of the image is added where it is used. */
  cifar: { cropPadding: 4, flip: true },
  /** ImageNet (torchvision's reference). */
  imagenet: { randomResizedCrop: true, flip: true },
  /** The released training of Single Path One-Shot, whose models take BGR in 0..255: `normalize: 'bytes'`, `channelOrder: 'bgr'`. */
  'spos-imagenet': {
    randomResizedCrop: true,
    flip: true,
    colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4 },
  },
} as const satisfies Record<string, AugmentOptions>;

/**
 * Checked and completed, as the addon takes them.
 *
 * @param shape [channels, height, width] of the images.
 * @throws SinglePathError `INVALID_ARGUMENT`.
 */
export function augmentSource(
  options: AugmentOptions,
  shape: readonly [number, number, number],
  { mean }: Normalization,
): AugmentSource {
  const { randomResizedCrop = false, cropPadding = 0, flip = false, colorJitter = {} } = options;
  const { erase = 0, cutout = 0, mixup = 0, cutmix = 0 } = options;
  const { brightness = 0, contrast = 0, saturation = 0, hue = 0 } = colorJitter;
  const { scale = DATA_DEFAULTS.cropScale, ratio = [3 / 4, 4 / 3] } =
    typeof randomResizedCrop === 'object' ? randomResizedCrop : {};
  const side = Math.min(shape[1], shape[2]);
  if (!Number.isInteger(cropPadding) || cropPadding < 0 || cropPadding > side)
    throw expected(`an integer from 0 to ${side}`, 'augment.cropPadding', cropPadding);
  if (!Number.isInteger(cutout) || cutout < 0)
    throw expected('an integer of at least 0', 'augment.cutout', cutout);
  checkRange('randomResizedCrop.scale', scale, 1);
  checkRange('randomResizedCrop.ratio', ratio, 100);
  for (const [name, value] of Object.entries({ brightness, contrast, saturation }))
    checkNumber(`colorJitter.${name}`, value, 1);
  checkNumber('colorJitter.hue', hue, 0.5);
  checkNumber('erase', erase, 1);
  checkNumber('mixup', mixup, 100);
  checkNumber('cutmix', cutmix, 100);
  return {
    randomResizedCrop: randomResizedCrop !== false,
    scale,
    ratio,
    cropPadding,
    flip,
    brightness,
    contrast,
    saturation,
    hue,
    erase,
    cutout,
    fill: mean.map((value) => Math.min(255, Math.max(0, Math.round(255 * value)))),
    mixup,
    cutmix,
  };
}

function checkNumber(name: string, value: number, most: number): void {
  if (!(value >= 0 && value <= most)) throw expected(`a number from 0 to ${most}`, `augment.${name}`, value);
}

function checkRange(name: string, range: readonly [number, number], most: number): void {
  const [low, high] = range;
  if (!(low > 0 && low <= high && high <= most))
    throw expected(`two numbers up to ${most}, the smaller one first`, `augment.${name}`, range);
}
