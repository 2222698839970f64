/** What settings for a user's images follow from, whether `singlepath demo` or `singlepath init` writes them. */
import { costTable } from '../../cost/cost.js';
import { costStatistics } from '../../cost/statistics.js';
import type { DatasetReport } from '../../data/inspect.js';
import type { SearchSpace } from '../../space/types.js';

/** A built-in space with the sizes it is used at. */
export interface FittingSpace {
  space: string;
  least: number;
  most: number;
  multiple: number;
}

/** For images that are small, or made so. */
export const SMALL: FittingSpace = { space: 'spos-shufflenet-v2-28', least: 32, most: 64, multiple: 8 };

/** Pixels of the median image's shorter side. */
export function shortSide({ height, width }: DatasetReport): number {
  return Math.min(height[1], width[1]);
}

/** The size of a space's that is nearest to the images'. */
export function fittingSize(train: DatasetReport, { least, most, multiple }: FittingSpace): number {
  return Math.min(most, Math.max(least, Math.round(shortSide(train) / multiple) * multiple));
}

export interface Shares {
  /** Of the images, for a test; 0 where there are images for it. */
  testFraction: number;
  /** Training images, those held out included. */
  used: number;
  heldOut: number;
  /** What a supernet is trained on. */
  trained: number;
}

/** What images are used for. @param mostHeldOut more would cost a search time, and the supernet images. */
export function shareOut(
  { images, classes, hasTest }: DatasetReport,
  { mostUsed = Number.POSITIVE_INFINITY, mostHeldOut }: { mostUsed?: number; mostHeldOut: number },
): Shares {
  const testFraction = hasTest ? 0 : 0.15;
  const used = Math.min(mostUsed, Math.floor(images * (1 - testFraction)));
  // A fifth at most, as the supernet needs the others; each class needs some.
  const heldOut = Math.max(classes.length, Math.min(mostHeldOut, Math.floor(used / 5)));
  return { testFraction, used, heldOut, trained: Math.max(1, used - heldOut) };
}

/** MAdds that the cheaper quarter of a space's networks keeps to. */
export function cheaperQuarter(space: SearchSpace): number {
  return costStatistics(space, costTable(space, 'madds')).quantile(0.25);
}
