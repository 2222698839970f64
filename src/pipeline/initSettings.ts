import { formatConstraint } from '../cost/constraint.js';
import type { Metric } from '../cost/table.js';
import type { DatasetReport } from '../data/inspect.js';
import type { DatasetKind } from '../data/kinds/index.js';
import { getSpace } from '../space/spaces/catalog.js';
import { batchesOfEpoch } from '../train/recipe.js';
import { cheaperQuarter, fittingSize, type Shares, SMALL, shareOut, shortSide } from './images/fitImages.js';
import { legalArchitectures } from './setup/legalArchitectures.js';

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

/** Population and generations, and what they are where the budget is small. */
const SEARCH = { population: 20, generations: 10 };
const SHORT_SEARCH = { population: 16, generations: 4 };

/** For images that are larger than {@link SMALL} ones. */
const LARGE = { space: 'spos-shufflenet-v2', from: 96, most: 224, multiple: 32, least: 64 };

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
  const fitting = shortSide(train) >= LARGE.from ? LARGE : SMALL;
  const name = wanted ?? fitting.space;
  const size = fittingSize(train, fitting);
  const input = { size, classes: train.classes.length, channels: train.mean.length === 1 ? 1 : 3 };
  const space = getSpace(name, input);
  // Before anything is written: a limit that no network meets is an error.
  if (constraints.length > 0) legalArchitectures(space, constraints);
  const shares = sharesOf(train);
  const { testFraction, used, heldOut, trained, calibrationImages, validationImages } = shares;
  const batchSize = powerOfTwo(Math.min(128, Math.max(8, trained / 20)));
  const { epochs, search } = spend(passes, shares);
  const retrainEpochs = Math.max(1, Math.round(epochs / 2));
  const steps = batchesOfEpoch(trained, batchSize);
  const recipe = recipeFor(steps, batchSize, retrainEpochs);
  return {
    seed: 1,
    space: { name, ...input },
    data: {
      kind,
      ...(path !== null && { path }),
      heldOut,
      ...(testFraction > 0 && { testFraction }),
      augment: size >= 96 ? 'imagenet' : 'crop-flip',
    },
    runtime: { device },
    train: { epochs, ...recipe },
    evaluate: { calibrationImages, validationImages, batchSize: Math.min(256, batchSize * 2) },
    search: {
      ...search,
      constraints: constraints.length > 0 ? [...constraints] : [roundLimit('madds', cheaperQuarter(space))],
      finalists: 6,
      trial: { epochs: Math.max(0.5, Math.round(epochs / 4) / 10), batchSize, rungs: 3 },
    },
    retrain: { epochs: retrainEpochs, ...recipe, calibrationImages: Math.min(5000, used) },
    export: { parityImages: Math.min(256, train.images) },
  };
}

/** Images that go forward and backward in the shortest run that `initSettings` writes. */
export function leastPasses(train: DatasetReport): number {
  const shares = sharesOf(train);
  return searchPasses(shares, SHORT_SEARCH) + TRAININGS * shares.trained;
}

type InitShares = Shares & { calibrationImages: number; validationImages: number };

function sharesOf(train: DatasetReport): InitShares {
  const shares = shareOut(train, { mostHeldOut: 10_000 });
  const { trained, heldOut } = shares;
  return { ...shares, calibrationImages: Math.min(1000, trained), validationImages: Math.min(2000, heldOut) };
}

/**
 * What a budget goes to. A search of little budget is short, and has no random search beside it.
 *
 * @param passes that of {@link InitChoices}.
 */
function spend(passes: number | null, shares: InitShares) {
  const short = passes !== null && 2 * searchPasses(shares, SEARCH) > passes / 4;
  const size = short ? SHORT_SEARCH : SEARCH;
  const left = (passes ?? 0) - searchPasses(shares, size) * (short ? 1 : 2);
  const epochs = passes === null ? EPOCHS : Math.max(1, Math.round(left / (TRAININGS * shares.trained)));
  return { epochs, search: { ...size, baseline: !short } };
}

function searchPasses(
  { calibrationImages, validationImages }: InitShares,
  { population, generations }: typeof SEARCH,
): number {
  return population * (generations + 1) * (calibrationImages + validationImages) * FORWARD;
}

/** How the supernet and the network that is found are trained. @param steps of an epoch. */
function recipeFor(steps: number, batchSize: number, retrainEpochs: number) {
  return {
    batchSize,
    schedule: 'cosine',
    // The first epoch, but no more than a fifth of a short training.
    warmupSteps: Math.min(steps, 200, Math.ceil((steps * retrainEpochs) / 5)),
    labelSmoothing: 0.1,
    clipGradientNorm: 5,
    logEvery: Math.max(1, Math.round(steps / 10)),
    checkpointEvery: Math.max(50, steps),
  };
}

/** The next limit with three digits, for people: `madds<=23.4M`. */
function roundLimit(metric: Metric, value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
  return formatConstraint({ metric, limit: Math.ceil(value / unit) * unit });
}

function powerOfTwo(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}
