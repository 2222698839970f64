import { formatConstraint } from '../cost/constraint.js';
import { costTable } from '../cost/cost.js';
import { costStatistics } from '../cost/statistics.js';
import type { Metric } from '../cost/table.js';
import type { DatasetReport } from '../data/inspect.js';
import type { DatasetKind } from '../data/kinds/index.js';
import { getSpace } from '../space/spaces/catalog.js';
import { batchesOfEpoch } from '../train/recipe.js';
import { legalArchitectures } from './legalArchitectures.js';

/** What somebody decides before a first configuration. */
export interface InitChoices {
  /** A built-in space; null picks one by the size of the images. */
  space: string | null;
  device: string;
  /** Limits on costs; none takes the cheaper quarter of the space. */
  constraints: readonly string[];
  /** Images that may go forward and backward in all; null leaves it at {@link EPOCHS}. */
  passes: number | null;
}

/** Passes of the supernet over the training images where no budget is given. */
const EPOCHS = 30;
/** In passes of the supernet: itself, the network that is found, and the finalists. */
const TRAININGS = 2;
/** A pass without the way back takes about a third. */
const FORWARD = 1 / 3;

/** Population and generations where the budget is small. */
const SHORT_SEARCH = [16, 4] as const;

/** Sizes the built-in spaces for large and for small images are used at. */
const LARGE = { space: 'spos-shufflenet-v2', from: 96, most: 224, multiple: 32, least: 64 };
const SMALL = { space: 'spos-shufflenet-v2-28', most: 64, multiple: 8, least: 32 };

/**
 * Settings for a user's images: a space of their classes and about their size, images held out for the search and, where
 * there are none, for the test, and batches that they fill.
 *
 * @param train what is in the training split.
 * @throws SinglePathError `INVALID_ARGUMENT` for an unknown space or constraint, `INFEASIBLE_CONSTRAINT` for a limit that no
 *   architecture meets.
 */
export function initSettings(
  kind: DatasetKind,
  path: string | null,
  train: DatasetReport,
  { space: wanted, device, constraints, passes }: InitChoices,
): Record<string, unknown> {
  const shortSide = Math.min(train.height[1], train.width[1]);
  const { space: fitting, most, multiple, least } = shortSide >= LARGE.from ? LARGE : SMALL;
  const name = wanted ?? fitting;
  const size = Math.min(most, Math.max(least, Math.round(shortSide / multiple) * multiple));
  const classes = train.classes.length;
  const channels = train.mean.length === 1 ? 1 : 3;
  const shares = sharesOf(train);
  const { testFraction, used, heldOut, trained, calibrationImages, validationImages } = shares;
  const batchSize = powerOfTwo(Math.min(128, Math.max(8, trained / 20)));
  const space = getSpace(name, { channels, size, classes });
  const quarter = costStatistics(space, costTable(space, 'madds')).quantile(0.25);
  // Before anything is written: a limit that no network meets is an error.
  if (constraints.length > 0) legalArchitectures(space, constraints);
  // A search of little budget is short, and has no random search beside it.
  const short = passes !== null && searchPasses(shares, 2 * 20 * 11) > passes / 4;
  const [population, generations] = short ? SHORT_SEARCH : [20, 10];
  const left = (passes ?? 0) - searchPasses(shares, population * (generations + 1) * (short ? 1 : 2));
  const epochs = passes === null ? EPOCHS : Math.max(1, Math.round(left / (TRAININGS * trained)));
  const steps = batchesOfEpoch(trained, batchSize);
  const retrainEpochs = Math.max(1, Math.round(epochs / 2));
  const recipe = {
    batchSize,
    schedule: 'cosine',
    // The first epoch, but no more than a fifth of a short training.
    warmupSteps: Math.min(steps, 200, Math.ceil((steps * retrainEpochs) / 5)),
    labelSmoothing: 0.1,
    clipGradientNorm: 5,
  };
  const log = { logEvery: Math.max(1, Math.round(steps / 10)), checkpointEvery: Math.max(50, steps) };
  return {
    seed: 1,
    space: { name, size, classes, channels },
    data: {
      kind,
      ...(path !== null && { path }),
      heldOut,
      ...(testFraction > 0 && { testFraction }),
      augment: size >= 96 ? 'imagenet' : 'crop-flip',
    },
    runtime: { device },
    train: { epochs, ...recipe, ...log },
    evaluate: { calibrationImages, validationImages, batchSize: Math.min(256, batchSize * 2) },
    search: {
      population,
      generations,
      constraints: constraints.length > 0 ? [...constraints] : [roundLimit('madds', quarter)],
      finalists: 6,
      trial: { epochs: Math.max(0.5, Math.round(epochs / 4) / 10), batchSize, rungs: 3 },
      baseline: !short,
    },
    retrain: {
      epochs: retrainEpochs,
      ...recipe,
      calibrationImages: Math.min(5000, used),
      ...log,
    },
    export: { parityImages: Math.min(256, train.images) },
  };
}

/** Images that go forward and backward in the shortest run that `initSettings` writes. */
export function leastPasses(train: DatasetReport): number {
  const shares = sharesOf(train);
  const [population, generations] = SHORT_SEARCH;
  return searchPasses(shares, population * (generations + 1)) + TRAININGS * shares.trained;
}

/** What images are used for. */
function sharesOf({ images, classes, hasTest }: DatasetReport) {
  const testFraction = hasTest ? 0 : 0.15;
  const used = Math.floor(images * (1 - testFraction));
  // At most a fifth: the supernet needs the others.
  const heldOut = Math.max(classes.length, Math.min(10_000, Math.floor(used / 5)));
  const trained = Math.max(1, used - heldOut);
  const [calibrationImages, validationImages] = [Math.min(1000, trained), Math.min(2000, heldOut)];
  return { testFraction, used, heldOut, trained, calibrationImages, validationImages };
}

function searchPasses(
  { calibrationImages, validationImages }: ReturnType<typeof sharesOf>,
  candidates: number,
): number {
  return candidates * (calibrationImages + validationImages) * FORWARD;
}

/** The next limit with three digits, for people: `madds<=23.4M`. */
function roundLimit(metric: Metric, value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
  return formatConstraint({ metric, limit: Math.ceil(value / unit) * unit });
}

function powerOfTwo(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}
