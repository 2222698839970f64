/**
 * Tables 2 and 3: the score model after a calibration, and the regret of the network that a search with finalists chooses,
 * beside the best of as many random legal networks and of the top by each cost. Uses the supernets of ranking.ts.
 */

import { join } from 'node:path';
import { RandomStream } from '../../src/core/rng.js';
import { costTable } from '../../src/cost/cost.js';
import { tableCost } from '../../src/cost/table.js';
import { costBaselines } from '../../src/pipeline/baselines.js';
import { openSpace } from '../../src/pipeline/fromConfig.js';
import { runRank } from '../../src/pipeline/runRank.js';
import { runSearch } from '../../src/pipeline/runSearch.js';
import { Equivalence } from '../../src/space/equivalence.js';
import type { SearchSpace } from '../../src/space/types.js';
import { meanAndError, readSetting, supernetOf, truthByGenes, writeResult } from './setting.js';

const CAPS = [50, 60, 70, 80];
const CALIBRATE = 18;
const FINALISTS = 10;
/** Draws of random networks: their best of k is an expectation. */
const DRAWS = 2000;

const setting = readSetting();
const truth = truthByGenes(setting);

/** Different networks with their cost and true accuracy. */
function networks(space: SearchSpace) {
  const equivalence = new Equivalence(space);
  const madds = costTable(space, 'madds');
  return [...truth]
    .map(([genes, accuracy]) => ({ architecture: genes.split(',').map(Number), accuracy }))
    .filter(({ architecture }) => equivalence.isCanonical(architecture))
    .map((network) => ({ ...network, madds: tableCost(madds, network.architecture) }));
}

/** Regret of training k networks and keeping the best: random ones in expectation, and the top k by each cost. */
function withoutSupernet(space: SearchSpace, cap: number, k: number, seed: number): Record<string, number> {
  const legal = networks(space).filter(({ madds }) => madds <= cap * 1e6);
  const best = Math.max(...legal.map(({ accuracy }) => accuracy));
  const random = new RandomStream(seed, 'test', cap);
  const draws = Array.from({ length: DRAWS }, () =>
    Math.max(...Array.from({ length: k }, () => legal[random.integer(legal.length)]!.accuracy)),
  );
  const architectures = legal.map(({ architecture }) => architecture);
  const byCost = costBaselines(space, architectures).map(({ name, values }): [string, number] => {
    const top = legal
      .map((_, i) => i)
      .sort((a, b) => values[b]! - values[a]! || legal[b]!.madds - legal[a]!.madds);
    return [name, best - Math.max(...top.slice(0, k).map((i) => legal[i]!.accuracy))];
  });
  return { [`best of ${k} random`]: best - meanAndError(draws).mean, ...Object.fromEntries(byCost) };
}

const models = [];
const regrets = [];
for (const seed of setting.seeds) {
  const supernet = await supernetOf(setting, seed);
  for (const cap of CAPS) {
    const config = setting.config(
      seed,
      ...[
        `search.constraints=["madds<=${cap}M"]`,
        `search.calibrate=${CALIBRATE}`,
        `search.finalists=${FINALISTS}`,
      ],
    );
    const space = openSpace(config.space);
    const runDir = join(setting.runs, `search-${seed}-${cap}M`);
    const { result } = await runSearch(config, {
      ...{ supernet, runDir, resume: true },
      onSkipped: (error) => console.error(error.message),
      onTrial: (phase, done, total) => console.log(`seed ${seed}, ${cap}M, ${phase}: ${done} of ${total}`),
      onWarning: (message) => console.log(message),
    });
    const best = Math.max(
      ...networks(space)
        .filter(({ madds }) => madds <= cap * 1e6)
        .map(({ accuracy }) => accuracy),
    );
    const regretOf = (genes: readonly number[]) => best - truth.get(genes.join())!;
    const row = {
      ...{ seed, cap },
      final: regretOf(result.winner.architecture),
      topOfScore: regretOf(result.topK[0]!.architecture),
      ...withoutSupernet(space, cap, FINALISTS, seed),
    };
    console.log(row);
    regrets.push({ ...row, winner: result.winner.architecture.join('') });
  }
  const search = join(setting.runs, `search-${seed}-${CAPS.at(-1)}M`);
  const { card } = await runRank(setting.config(seed), {
    ...{ supernet, search, truth: setting.truth, sample: setting.sample },
    onSkipped: (error) => console.error(error.message),
  });
  models.push({
    seed,
    rows: card.rows.map(({ name, kendall, bandKendall }) => ({ name, kendall, bandKendall })),
  });
}
writeResult('final-regret', {
  final: meanAndError(regrets.map(({ final }) => final)),
  topOfScore: meanAndError(regrets.map(({ topOfScore }) => topOfScore)),
  regrets,
  models,
});
