import type { CostTable, LayerCosts } from '../../src/cost/table.js';
import type { GeneSpace } from '../../src/sampling/sampler.js';

/** A space of one gene per layer, and the table of a cost given as one row per layer. */
export function chain(
  rows: number[][],
  { metric = 'madds', base = 0 } = {},
): { space: GeneSpace; table: CostTable } {
  return {
    space: {
      name: 'chain',
      genes: rows.map((row, layer) => ({ name: `layers.${layer}.block`, size: row.length, layer })),
    },
    table: {
      metric,
      base,
      layers: rows.map(
        (row, layer): LayerCosts => ({
          layer,
          genes: [layer],
          sizes: [row.length],
          costs: Float64Array.from(row),
        }),
      ),
    },
  };
}

/** Every architecture of a small space. */
export function* everyArchitecture(space: GeneSpace): Generator<number[]> {
  const architecture = space.genes.map(() => 0);
  for (;;) {
    yield [...architecture];
    let g = architecture.length - 1;
    while (g >= 0 && architecture[g] === space.genes[g]!.size - 1) architecture[g--] = 0;
    if (g < 0) return;
    architecture[g]!++;
  }
}

/** MAdds of the ShuffleNetV2-style space of arXiv 1904.00420 at 224 x 224, measured on its released code. */
export const SHUFFLENET_ROWS: number[][] = [
  [[13396992, 15805440, 19418112, 13146112], [7325696, 8931328, 11339776, 12343296], 4],
  [[26304768, 28111104, 30820608, 20296192], [10599680, 11603200, 13108480, 16746240], 4],
  [[30670080, 31673600, 33178880, 21199360], [10317440, 10819200, 11571840, 15899520], 8],
  [[30387840, 30889600, 31642240, 20634880], [10176320, 10427200, 10803520, 15476160], 4],
].flatMap(([first, rest, count]) => [
  first as number[],
  ...Array.from({ length: (count as number) - 1 }, () => rest as number[]),
]);

export const shufflenet = chain(SHUFFLENET_ROWS, { base: 38555648 });

/**
 * Statistic of Pearson's chi-square test against equal probabilities, as the number of standard deviations from its
 * mean (Wilson and Hilferty 1931). Above 4 has a chance below 1 in 30,000.
 */
export function chiSquareDeviation(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const degrees = counts.length - 1;
  const spread = 2 / (9 * degrees);
  return ((statistic / degrees) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
}
