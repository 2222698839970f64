import type { DatasetReport } from '../data/inspect.js';
import type { DatasetKind } from '../data/kinds/index.js';
import { getSpace } from '../space/spaces/catalog.js';
import { cheaperQuarter, fittingSize, SMALL, shareOut } from './images/fitImages.js';

/** Images of 28 x 28 the demo on Fashion-MNIST trains the supernet with: 16 epochs of 8,000. */
const PIXELS = 16 * 8000 * 28 * 28;
const MOST_IMAGES = 20_000;
/** As many as the demo holds out: they score candidates, and test networks. */
const SCORED_IMAGES = 2000;

/**
 * Settings of `singlepath demo` for a user's images, on top of configs/demo.yaml: a space of their classes and about
 * their size, and as many epochs as take about as long as the demo on Fashion-MNIST.
 *
 * @param train what is in the training split.
 */
export function fitDemo(kind: DatasetKind, path: string, train: DatasetReport): Record<string, unknown> {
  const size = fittingSize(train, SMALL);
  const classes = train.classes.length;
  const { testFraction, used, heldOut, trained } = shareOut(train, {
    mostUsed: MOST_IMAGES,
    mostHeldOut: SCORED_IMAGES,
  });
  const batchSize = Math.max(2, Math.min(64, trained));
  const epochs = Math.round(Math.min(60, Math.max(2, PIXELS / (trained * size * size))));
  const input = { channels: 3, size, classes };
  const limit = Math.ceil(cheaperQuarter(getSpace(SMALL.space, input)));
  return {
    space: { name: SMALL.space, file: null, ...input },
    data: {
      kind,
      path,
      heldOut,
      testFraction,
      trainImages: used,
      testImages: SCORED_IMAGES,
      cropPadding: null,
    },
    train: { epochs, batchSize },
    evaluate: { calibrationImages: Math.min(500, trained) },
    search: { constraints: [`madds<=${limit}`] },
    retrain: {
      epochs: Math.max(2, Math.round(epochs / 2)),
      batchSize,
      calibrationImages: Math.min(1000, used),
    },
  };
}
