import { median, sortedCopy } from '../../core/statistics.js';

/** One measured time: of which thing, and together with which others. */
export interface Reading {
  item: number;
  group: number;
  value: number;
}

/** A group needs so many readings to tell how fast the machine was. */
const ENOUGH = 5;
/** Rounds of the polish; it settles in two or three. */
const ROUNDS = 5;

/**
 * How slow the machine was while each group was measured, as a factor: 1 is the median of the groups. What other programs
 * and the clock do slows everything in a group down alike, and things come back in other groups, so the two effects can be
 * told apart (median polish, Tukey 1977, of ratios). Groups of few readings get 1.
 */
export function slowness(readings: readonly Reading[]): Map<number, number> {
  const groups = byKey(readings, ({ group }) => group);
  const items = byKey(readings, ({ item }) => item);
  const factors = new Map([...groups.keys()].map((group) => [group, 1]));
  for (let round = 0; round < ROUNDS; round++) {
    const typical = new Map(
      [...items].map(([item, own]) => [
        item,
        medianOf(own.map(({ group, value }) => value / factors.get(group)!)),
      ]),
    );
    for (const [group, own] of groups) {
      // What takes no time, such as identity, tells nothing.
      const ratios = own.flatMap(({ item, value }) =>
        typical.get(item)! > 0 ? [value / typical.get(item)!] : [],
      );
      if (ratios.length >= ENOUGH) factors.set(group, medianOf(ratios));
    }
    const middle = medianOf([...factors.values()]);
    for (const [group, factor] of factors) factors.set(group, factor / middle);
  }
  return factors;
}

const medianOf = (values: readonly number[]): number => median(sortedCopy(values));

function byKey(readings: readonly Reading[], key: (reading: Reading) => number): Map<number, Reading[]> {
  const groups = new Map<number, Reading[]>();
  for (const reading of readings) {
    const own = groups.get(key(reading));
    if (own === undefined) groups.set(key(reading), [reading]);
    else own.push(reading);
  }
  return groups;
}
