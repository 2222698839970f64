import { costTable } from '../cost/cost.js';
import { costStatistics } from '../cost/statistics.js';
import type { DatasetReport } from '../data/inspect.js';
import type { DatasetKind } from '../data/kinds/index.js';
import { getSpace } from '../space/spaces/catalog.js';

/** Images of 28 x 28 the demo on Fashion-MNIST trains the supernet with: 16 epochs of 8,000. */
const PIXELS = 16 * 8000 * 28 * 28;
const MOST_IMAGES = 20_000;
const SPACE = 'spos-shufflenet-v2-28';

/**
 * Settings of `singlepath demo` for a user's images, on top of configs/demo.yaml: a space of their classes and about
 * their size, and as many epochs as take about as long as the demo on Fashion-MNIST.
 *
 * @param train what is in the training split.
 */
export function fitDemo(kind: DatasetKind, path: string, train: DatasetReport): Record<string, unknown> {
  const shortSide = Math.min(train.height[1], train.width[1]);
  const size = Math.min(64, Math.max(32, Math.round(shortSide / 8) * 8));
  const classes = train.classes.length;
  const testFraction = train.hasTest ? 0 : 0.15;
  const used = Math.min(MOST_IMAGES, Math.floor(train.images * (1 - testFraction)));
  // A fifth scores the candidates, as in the demo; each class needs some, and some to train on.
  const heldOut = Math.min(2000, Math.max(classes, Math.floor(used / 5)));
  const batchSize = Math.max(2, Math.min(64, used - heldOut));
  const epochs = Math.round(Math.min(60, Math.max(2, PIXELS / ((used - heldOut) * size * size))));
  const space = getSpace(SPACE, { channels: 3, size, classes });
  const quarter = Math.ceil(costStatistics(space, costTable(space, 'madds')).quantile(0.25));
  return {
    space: { name: SPACE, file: null, channels: 3, size, classes },
    data: { kind, path, heldOut, testFraction, trainImages: used, testImages: 2000, cropPadding: null },
    train: { epochs, batchSize },
    evaluate: { calibrationImages: Math.min(500, used - heldOut) },
    search: { constraints: [`madds<=${quarter}`] },
    retrain: {
      epochs: Math.max(2, Math.round(epochs / 2)),
      batchSize,
      calibrationImages: Math.min(1000, used),
    },
  };
}
