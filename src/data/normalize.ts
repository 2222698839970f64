import { didYouMean, expected } from '../core/errors.js';

/** Mean and standard deviation per channel, in units of 0..1. */
export interface Normalization {
  mean: number[];
  std: number[];
}

/** Published statistics of training sets, RGB; `half` maps 0..1 to -1..1 for any number of channels. */
const PRESETS = {
  'fashion-mnist': { mean: [0.286], std: [0.353] },
  mnist: { mean: [0.1307], std: [0.3081] },
  cifar: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  half: { mean: [0.5], std: [0.5] },
};

export type Preset = keyof typeof PRESETS;

/**
 * The numbers of a preset for images of `channels` channels.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` when there is no such preset or it has other channels.
 */
export function presetNormalization(preset: Preset, channels: number, bgr: boolean): Normalization {
  if (!Object.hasOwn(PRESETS, preset)) {
    throw expected('a preset', 'normalize', preset, {
      hint: didYouMean(preset, ['auto', ...Object.keys(PRESETS)]),
    });
  }
  const { mean, std } = PRESETS[preset];
  if (preset === 'half') return { mean: Array(channels).fill(0.5), std: Array(channels).fill(0.5) };
  if (mean.length !== channels) {
    throw expected(`a preset for images of ${channels} channel(s)`, 'normalize', preset, {
      hint: "'auto' computes mean and standard deviation from the training images",
    });
  }
  return bgr ? { mean: mean.toReversed(), std: std.toReversed() } : { mean: [...mean], std: [...std] };
}

/** Checks given statistics; a channel without variation gets 1, so that it becomes 0 rather than infinite. */
export function checkedNormalization({ mean, std }: Normalization, channels: number): Normalization {
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values.length !== channels || !values.every((v) => Number.isFinite(v) && v >= 0)) {
      throw expected(`${channels} number(s) of at least 0`, `normalize.${name}`, values);
    }
  }
  return { mean, std: std.map((value) => value || 1) };
}
