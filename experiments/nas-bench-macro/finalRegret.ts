/**
 * Table 3: regret of the network that a search with finalists chooses, beside the best of as many random legal networks and
 * of the top by each cost, all trained in the same race. Searches run on the scores of ranking.ts; what a training of a
 * finalist would give is the true accuracy with a normal error: `--errors 0.6,0.45,0.3`, in points, by rung, as
 * calibration.ts measures them for short trainings. `--calibration FILE`: the score model learns from these trainings.
 */

import { readFileSync } from 'node:fs';
import { RandomStream } from '../../src/core/rng.js';
import type { RankedNetwork } from '../../src/pipeline/runRank.js';
import { calibratedValuation, combinedValuation } from '../../src/pipeline/search/valuation.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { chooseFinalists } from '../../src/search/finalists.js';
import { halvingRungs, successiveHalving } from '../../src/search/halving.js';
import type { Valuation } from '../../src/search/types.js';
import { meanAndError, writeResult } from '../results.js';
import { scoredImages, supernetOf } from '../setting.js';
import type { Trained } from './calibration.js';
import { Table } from './searchOnTable.js';
import { CAPS, rankOf, readSetting, scoreOf } from './setting.js';

const FINALISTS = 10;
/** Races of the same networks, which differ in the errors of their trainings. */
const DRAWS = 400;
const COSTS = ['MAdds', 'depth', 'activations', 'sqrt units', 'NASWOT'];

const setting = readSetting({ errors: '0.6,0.45,0.3', calibration: '' });
const errors = setting.own.errors!.split(',').map(Number);
const rungs = halvingRungs(FINALISTS, 1, errors.length);
const rows: { seed: number; cap: number; [score: string]: number }[] = [];
for (const seed of setting.seeds) {
  const config = setting.config(seed);
  const space = openSpace(config.space);
  const table = new Table(space, await rankOf(setting, seed, await supernetOf(setting, seed)));
  const images = scoredImages(config);
  const model = { space, images, naswot: true };
  const ways: Record<string, Valuation | undefined> = {
    'supernet alone': undefined,
    'score model': combinedValuation(model),
    ...calibrated(seed, table, model),
  };
  for (const cap of CAPS) {
    const legal = table.legal(cap);
    const best = Math.max(...legal.map(({ truth }) => truth));
    const row: (typeof rows)[number] = { seed, cap };
    for (const [name, valuation] of Object.entries(ways)) {
      const visited = await table.search('evolution', cap, seed, valuation);
      const finalists = chooseFinalists(space, visited, FINALISTS, ({ architecture }) =>
        table.equivalence.canonical(architecture),
      ).map(({ architecture }) => table.network(architecture));
      row[`${name}: best scored`] = best - finalists[0]!.truth;
      row[`${name}: winner`] = best - (await raced(finalists, seed, cap));
    }
    const random = new RandomStream(seed, 'test', cap);
    const chosen = Array.from({ length: DRAWS }, () => random.sample(legal, FINALISTS));
    let sum = 0;
    for (const [draw, networks] of chosen.entries()) sum += await race(networks, seed, cap, draw);
    row[`best of ${FINALISTS} random`] = best - sum / DRAWS;
    for (const cost of COSTS) {
      const top = legal.toSorted(
        (a, b) => b.scores[cost]! - a.scores[cost]! || b.scores.MAdds! - a.scores.MAdds!,
      );
      row[`top ${FINALISTS} by ${cost}`] = best - (await raced(top.slice(0, FINALISTS), seed, cap));
    }
    rows.push(row);
  }
}
const names = Object.keys(rows[0]!).filter((name) => name !== 'seed' && name !== 'cap');
const ours = names.filter((name) => name.endsWith('winner')).at(-1)!;
const summary = names.map((name) => {
  const beaten = rows.filter((row) => row[ours]! < row[name]!).length;
  const equal = rows.filter((row) => row[ours] === row[name]).length;
  return {
    name,
    regret: meanAndError(rows.map((row) => row[name]!)),
    beatenBy: ours,
    wins: beaten,
    of: rows.length - equal,
    p: signTest(beaten, rows.length - equal),
  };
});
console.table(
  summary.map(({ name, regret, wins, of, p }) => ({
    name,
    regret: regret.mean.toFixed(2),
    error: regret.error?.toFixed(2),
    [`${ours} is better`]: `${wins} of ${of}`,
    p: p.toPrecision(2),
  })),
);
writeResult('nas-bench-macro', 'final-regret', { errors, finalists: FINALISTS, draws: DRAWS, summary, rows });

/** The true accuracy, in the mean, of the network that a race with such errors chooses. */
async function raced(networks: readonly RankedNetwork[], seed: number, cap: number): Promise<number> {
  let sum = 0;
  for (let draw = 0; draw < DRAWS; draw++) sum += await race(networks, seed, cap, draw);
  return sum / DRAWS;
}

async function race(
  networks: readonly RankedNetwork[],
  seed: number,
  cap: number,
  draw: number,
): Promise<number> {
  const random = new RandomStream(seed, 'test', cap + 1 + draw);
  const order = await successiveHalving(networks, rungs, async ({ truth }, rung) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    return { accuracy: truth + errors[rung]! * normal, loss: 0 };
  });
  return order[0]!.item.truth;
}

/** The score model that learnt from short trainings of this supernet, or from fresh ones. */
function calibrated(
  seed: number,
  table: Table,
  model: Parameters<typeof calibratedValuation>[0],
): Record<string, Valuation> {
  if (setting.own.calibration === '') return {};
  const { result } = JSON.parse(readFileSync(setting.own.calibration!, 'utf8'));
  const own = (result.rows as { init: string; epochs: number; seed: number; trained: Trained[] }[]).filter(
    (row) => row.seed === seed,
  );
  return Object.fromEntries(
    own.map(({ init, epochs, trained }) => {
      const networks = trained.map(({ architecture, accuracy, loss }) => ({
        architecture,
        accuracy,
        loss,
        folder: '',
        score: scoreOf(table.network(architecture)),
      }));
      return [
        `calibrated, ${init} ${epochs}`,
        calibratedValuation(model, networks, setting.config(seed).data.heldOut).valuation,
      ];
    }),
  );
}

/** Two-sided sign test: how likely so uneven a split of n is by chance. */
function signTest(wins: number, n: number): number {
  const extreme = Math.max(wins, n - wins);
  let [tail, choose] = [0, 1]; // choose: n over k
  for (let k = 0; k <= n; k++) {
    if (k >= extreme) tail += choose;
    choose = (choose * (n - k)) / (k + 1);
  }
  return Math.min(1, (2 * tail) / 2 ** n);
}
