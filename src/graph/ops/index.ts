import { activation } from './activation.js';
import { adaptiveAveragePool } from './adaptiveAveragePool.js';
import { add } from './add.js';
import { batchNorm } from './batchNorm.js';
import { channelShuffle } from './channelShuffle.js';
import { concat } from './concat.js';
import { conv2d } from './conv2d.js';
import { dropout } from './dropout.js';
import { fakeQuantize } from './fakeQuantize.js';
import { linear } from './linear.js';
import { maxPool } from './maxPool.js';
import { multiply } from './multiply.js';
import { slice } from './slice.js';
import { split } from './split.js';

/** Every op by its name in the graph. */
export const ops = {
  conv2d,
  batchNorm,
  activation,
  channelShuffle,
  split,
  slice,
  concat,
  add,
  multiply,
  adaptiveAveragePool,
  maxPool,
  dropout,
  linear,
  fakeQuantize,
};
