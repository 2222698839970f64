import type { DataConfig } from '../config/schema/data.js';
import type { AugmentOptions } from '../data/augment.js';
import { AUGMENT_PRESETS } from '../data/augment.js';
import type { ImageConfig } from '../data/kinds/imageConfig.js';

/** How training images of `size` pixels are varied. */
export function augmentOf(data: DataConfig, size: number): AugmentOptions {
  const { augment, cropPadding, cropScale, colorJitter, hueJitter, erase, cutout, mixup, cutmix } = data;
  const crops = augment === 'crop-flip' || augment === 'cifar';
  const resizes = !crops && augment !== 'none' && augment !== 'flip';
  const { brightness } = AUGMENT_PRESETS['spos-imagenet'].colorJitter;
  const strength = colorJitter === 0 && augment === 'spos-imagenet' ? brightness : colorJitter;
  return {
    flip: augment !== 'none',
    cropPadding: crops ? (cropPadding ?? Math.floor(size / 8)) : 0,
    randomResizedCrop: resizes && { scale: cropScale },
    colorJitter: { brightness: strength, contrast: strength, saturation: strength, hue: hueJitter },
    erase,
    cutout,
    mixup,
    cutmix,
  };
}

/** How images come to be of one shape. */
export function imagesOf(data: DataConfig): ImageConfig {
  const { resize, upright, exactDecode, pixelLimit, cache, channelOrder } = data;
  return {
    ...(resize !== null && { resize }),
    upright,
    exactDecode,
    pixelLimit,
    cacheBytes: cache * 2 ** 20,
    channelOrder,
  };
}
