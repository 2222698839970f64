import { cropsPadded, cropsResized } from '../../config/schema/augment.js';
import type { DataConfig } from '../../config/schema/data.js';
import type { AugmentOptions } from '../../data/augment.js';
import { AUGMENT_PRESETS } from '../../data/augment.js';
import type { ImageConfig } from '../../data/kinds/imageConfig.js';
import { datasetDefinition } from '../../data/kinds/index.js';

/** How training images of `size` pixels are varied. */
export function augmentOf(data: DataConfig, size: number): AugmentOptions {
  const { augment, cropPadding, cropScale, colorJitter, hueJitter, erase, cutout, mixup, cutmix } = data;
  const { brightness } = AUGMENT_PRESETS['spos-imagenet'].colorJitter;
  const strength = colorJitter === 0 && augment === 'spos-imagenet' ? brightness : colorJitter;
  return {
    flip: augment !== 'none',
    cropPadding: cropsPadded(augment) ? (cropPadding ?? Math.floor(size / 8)) : 0,
    randomResizedCrop: cropsResized(augment) && { scale: cropScale },
    colorJitter: { brightness: strength, contrast: strength, saturation: strength, hue: hueJitter },
    erase,
    cutout,
    mixup,
    cutmix,
  };
}

/**
 * What decides the pixels of an image that is not varied, and whether it is left out. The one list of these settings: images
 * are opened with it, and scores are kept under it.
 */
export function pixelSettings(
  data: DataConfig,
): Omit<ImageConfig, 'size' | 'channels'> & Pick<DataConfig, 'normalize'> {
  const { kind, normalize, channelOrder, resize, upright, pixelLimit, broken } = data;
  return {
    normalize,
    channelOrder,
    ...(resize !== null && { resize }),
    // Images that are pixels already are not turned, and none of them is broken.
    ...(datasetDefinition(kind).imageFiles && { upright, pixelLimit, broken }),
  };
}

/** How images come to be of one shape: {@link pixelSettings}, and what changes varied images alone or none at all. */
export function imagesOf(data: DataConfig): ReturnType<typeof pixelSettings> {
  const { exactDecode, cache, brokenShare } = data;
  return { ...pixelSettings(data), exactDecode, cacheBytes: cache * 2 ** 20, brokenShare };
}
