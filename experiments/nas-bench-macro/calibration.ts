/**
 * Table 2: the score model after 18 short trainings, beside the same without the supernet. `--ways supernet:1,fresh:2`:
 * first weights and epochs. The networks are the same for all supernets, so those that start from fresh weights are
 * trained once. Goes on where it was stopped; networks are trained in a random order, so its lines tell early what a way is
 * worth. Several processes may share the trainings: `--part 1/4` only trains, and only its quarter.
 */

import { join } from 'node:path';
import type { Config } from '../../src/config/schema/config.js';
import { RandomStream } from '../../src/core/rng.js';
import type { RankedNetwork } from '../../src/pipeline/runRank.js';
import { readRun, type StoredRun } from '../../src/pipeline/runs/runs.js';
import { Trials } from '../../src/pipeline/search/trials.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { logError } from '../../src/search/model/scoreModel.js';
import { agreement, meanAndError, writeResult } from '../results.js';
import { supernetOf } from '../setting.js';
import { designOf, modelReport, splitByDesign } from './design.js';
import { DESIGN_SEED, rankOf, readSetting, TRUE_IMAGES, truthByGenes } from './setting.js';

const NETWORKS = 18;

const setting = readSetting({ ways: 'supernet:1', part: '1/1' });
const [part, parts] = setting.own.part!.split('/').map(Number) as [number, number];
const ways = setting.own.ways!.split(',');
const truth = truthByGenes(setting);
const rows: Row[] = [];
for (const way of ways) {
  const [init, epochs] = way.split(':') as [string, string];
  for (const seed of setting.seeds) {
    const config = setting.config(
      init === 'fresh' ? DESIGN_SEED : seed,
      ...[`search.trial.init=${init}`, `search.trial.epochs=${epochs}`],
    );
    const home =
      init === 'fresh'
        ? { path: join(setting.runs, 'fresh') }
        : readRun(await supernetOf(setting, seed), 'train');
    const { trained, images } = await train(config, home, `${way}, seed ${seed}`);
    if (parts > 1) continue;
    const networks = await rankOf(setting, seed, await supernetOf(setting, seed));
    rows.push({ init, epochs: Number(epochs), seed, ...modelOf(config, networks, trained, images), trained });
    const { trained: _, ...shown } = rows.at(-1)!;
    console.log(shown);
  }
}
if (parts > 1) process.exit();
const summary = ways.map((way) => {
  const own = rows.filter(({ init, epochs }) => way === `${init}:${epochs}`);
  const of = (key: 'kendall' | 'bandKendall' | 'residual') => meanAndError(own.map((row) => row[key]));
  return { way, kendall: of('kendall'), bandKendall: of('bandKendall'), residual: of('residual') };
});
console.table(
  summary.map(({ way, kendall, bandKendall, residual }) => ({
    way,
    tau: kendall.mean.toFixed(3),
    'in bands': bandKendall.mean.toFixed(3),
    'error, points': residual.mean.toFixed(2),
  })),
);
writeResult('nas-bench-macro', 'calibration', { networks: NETWORKS, summary, rows });

export interface Trained {
  architecture: readonly number[];
  accuracy: number;
  loss: number;
  /** True accuracy in per cent. */
  truth: number;
}

interface Row {
  init: string;
  epochs: number;
  seed: number;
  kendall: number;
  bandKendall: number;
  tau: number;
  residual: number;
  trained: Trained[];
}

/** Trains the design, or the part of it that is this process's. */
async function train(config: Config, home: Pick<StoredRun, 'path'>, title: string) {
  const space = openSpace(config.space);
  const design = designOf(config, NETWORKS);
  using trials = await Trials.open(config, space, home, {
    runDir: home.path,
    onSkipped: (error) => console.error(error.message),
  });
  const trained: Trained[] = [];
  for (const [i, architecture] of new RandomStream(0, 'test', 0).sample(design, NETWORKS).entries()) {
    if (i % parts !== part - 1) continue;
    const { accuracy, loss } = await trials.run({ architecture, epochs: config.search.trial.epochs });
    trained.push({ architecture, accuracy, loss, truth: truth.get(architecture.join())! });
    const { truth: known } = trained.at(-1)!;
    const line = `${architecture.join('')} ${(100 * accuracy).toFixed(2)} true ${known.toFixed(2)}`;
    const { tau, residual } = agreementOf(trained);
    console.log(`${title}: ${line}; tau ${tau.toFixed(2)}, error ${residual.toFixed(2)} points`);
  }
  return { trained, images: trials.scoredImages };
}

/** How well the score model that learnt from the trained networks ranks all others. */
function modelOf(
  config: Config,
  networks: readonly RankedNetwork[],
  trained: readonly Trained[],
  trialImages: number,
) {
  const trials = new Map(trained.map((one) => [one.architecture.join(), one]));
  const { kendall, bandKendall } = modelReport(
    config,
    splitByDesign(
      networks,
      trained.map(({ architecture }) => architecture),
    ),
    ({ architecture }) => trials.get(architecture.join())!,
    trialImages,
  );
  return { kendall, bandKendall, ...agreementOf(trained) };
}

/** How well short trainings tell the true accuracies, in points. */
function agreementOf(trained: readonly Trained[]): { tau: number; residual: number } {
  const x = trained.map(({ accuracy }) => logError(accuracy, TRUE_IMAGES));
  const y = trained.map(({ truth: known }) => logError(known / 100, TRUE_IMAGES));
  return agreement(
    x,
    y,
    trained.map(({ truth: known }) => known),
  );
}
