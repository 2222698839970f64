import { checkArguments } from '../core/check.js';
import { didYouMean, expected } from '../core/errors.js';
import { normalizationPresets, PRESETS, type Preset } from './kinds/normalization.js';

/** Mean and standard deviation per channel, in units of 0..1. */
export interface Normalization {
  mean: number[];
  std: number[];
}

/**
 * The numbers of a preset for images of `channels` channels.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` when there is no such preset or it has other channels.
 */
export function presetNormalization(preset: Preset, channels: number, bgr: boolean): Normalization {
  checkArguments('normalize', { text: preset });
  if (!Object.hasOwn(normalizationPresets, preset)) {
    throw expected('a preset', 'normalize', preset, {
      hint: didYouMean(preset, ['auto', ...PRESETS]),
    });
  }
  const { mean, std } = normalizationPresets[preset];
  if (preset === 'half' || preset === 'bytes') {
    return { mean: Array(channels).fill(mean[0]), std: Array(channels).fill(std[0]) };
  }
  if (mean.length !== channels) {
    throw expected(`a preset for images of ${channels} channel(s)`, 'normalize', preset, {
      hint: "'auto' computes mean and standard deviation from the training images",
    });
  }
  return bgr ? { mean: mean.toReversed(), std: std.toReversed() } : { mean: [...mean], std: [...std] };
}

/** Checks given statistics; a channel without variation gets 1, so that it becomes 0 rather than infinite. */
export function checkedNormalization(given: Normalization, channels: number): Normalization {
  checkArguments('normalize', { settings: given });
  const { mean, std } = given;
  for (const [name, values] of Object.entries({ mean, std })) {
    if (
      !Array.isArray(values) ||
      values.length !== channels ||
      !values.every((v) => Number.isFinite(v) && v >= 0)
    ) {
      throw expected(`${channels} number(s) of at least 0`, `normalize.${name}`, values);
    }
  }
  return { mean, std: std.map((value) => value || 1) };
}
