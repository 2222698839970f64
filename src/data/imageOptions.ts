import { expected } from '../core/errors.js';
import type { ImageOptions } from '../runtime/native.js';
import { DATA_DEFAULTS } from './defaults.js';
import type { ImageConfig } from './kinds/imageConfig.js';

/** Checked and completed, as the addon takes them. */
export function imageOptions(config: ImageConfig): ImageOptions {
  const {
    size = 0,
    channels = 0,
    resize = 0,
    cacheBytes = 0,
    upright = DATA_DEFAULTS.upright,
    channelOrder = DATA_DEFAULTS.channelOrder,
    exactDecode = DATA_DEFAULTS.exactDecode,
    pixelLimit = DATA_DEFAULTS.pixelLimit,
    broken = DATA_DEFAULTS.broken,
    brokenShare = DATA_DEFAULTS.brokenShare,
  } = config;
  for (const [name, value] of Object.entries({ size, channels, resize, pixelLimit, cacheBytes })) {
    if (!Number.isSafeInteger(value) || value < 0) throw expected('an integer of at least 0', name, value);
  }
  if (!(brokenShare >= 0 && brokenShare <= 1))
    throw expected('a share from 0 to 1', 'brokenShare', brokenShare);
  return {
    size,
    channels,
    resize,
    upright,
    bgr: channelOrder === 'bgr',
    exact: exactDecode,
    pixelLimit,
    cacheBytes,
    skipBroken: broken === 'skip',
    brokenShare,
  };
}
