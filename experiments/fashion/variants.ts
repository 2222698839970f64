/**
 * Ways to train and to score a supernet (docs/search-quality.md), each ranked against `results/truth.json`. `--variants a,b`
 * chooses some; all have seen the same number of images unless their name says otherwise. What was computed is kept. `--name first-weights`
 * writes another file of results.
 */

import type { Config } from '../../src/config/schema/config.js';
import { FixedImages, openTrainingImages, trainingLoader } from '../../src/pipeline/images/images.js';
import { costBaselines } from '../../src/pipeline/search/baselines.js';
import { openNaswot } from '../../src/pipeline/search/naswot.js';
import { Disposables } from '../../src/pipeline/setup/disposables.js';
import { createNetwork, recipeOf, samplerOf } from '../../src/pipeline/setup/fromConfig.js';
import { kendallTau } from '../../src/search/correlation.js';
import type { Score } from '../../src/search/types.js';
import { accuraciesOf } from '../../src/supernet/supernet.js';
import { trainSupernet } from '../../src/train/supernet.js';
import { meanAndError, writeResult } from '../results.js';
import { kept } from '../setting.js';
import { keyOf, readSetting, readTruth } from './setting.js';
import { type Bench, VARIANTS } from './ways.js';

const setting = readSetting({ variants: Object.keys(VARIANTS).join(), legal: '60', name: 'variants' });
const truth = readTruth();
const architectures = truth.map(({ architecture }) => architecture);
/** The first of the truth are drawn from the whole space, the others from those under the limit. */
const free = truth.length - Number(setting.own.legal);
const rows: Row[] = [];
for (const variant of setting.own.variants!.split(',')) {
  for (const seed of setting.seeds) {
    const key = [keyOf(setting.config(seed)), architectures];
    const scores = await kept(setting, `scores-${variant}-${seed}`, key, () => scoresOf(variant, seed));
    const ranked = {
      accuracy: scores.map(({ accuracy }) => accuracy),
      loss: scores.map(({ loss }) => -loss!),
    };
    for (const [score, values] of Object.entries(ranked)) {
      const row: Row = { variant, seed, ...taus(score, values) };
      rows.push(row);
      console.log(`${variant} ${seed} ${score}: ${row.all.toFixed(3)} ${row.legal.toFixed(3)}`);
    }
  }
}
for (const seed of setting.seeds) {
  const config = setting.config(seed);
  const key = [keyOf(config), architectures];
  const naswot = await kept(setting, `naswot-${seed}`, key, () => naswotOf(config));
  rows.push({ variant: 'no training', seed, ...taus('NASWOT', naswot) });
}
for (const { name, values } of costBaselines(setting.space, architectures))
  rows.push({ variant: 'no training', seed: 0, ...taus(name, values) });
const summary = summarize();
console.table(summary);
writeResult('fashion', setting.own.name!, { networks: { free, legal: truth.length - free }, summary, rows });

interface Row {
  variant: string;
  seed: number;
  score: string;
  /** Tau over the networks drawn from the whole space, and over those under the limit. */
  all: number;
  legal: number;
}

function taus(score: string, values: readonly number[]): Omit<Row, 'variant' | 'seed'> {
  const known = truth.map(({ accuracy }) => accuracy);
  return {
    score,
    all: kendallTau(values.slice(0, free), known.slice(0, free)),
    legal: kendallTau(values.slice(free), known.slice(free)),
  };
}

function summarize() {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = `${row.variant}: ${row.score}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].map(([name, own]) => {
    const text = (key: 'all' | 'legal') => {
      const { mean, error } = meanAndError(own.map((row) => row[key]));
      return mean.toFixed(3) + (error === null ? '' : ` +- ${error.toFixed(3)}`);
    };
    return { name, seeds: own.length, 'whole space': text('all'), 'under the limit': text('legal') };
  });
}

async function naswotOf(config: Config): Promise<number[]> {
  using naswot = await openNaswot(config, setting.space);
  return await naswot.scores(architectures);
}

/** Trains a supernet in a variant's way, and scores all networks in its way. */
async function scoresOf(name: string, seed: number): Promise<Score[]> {
  const variant = VARIANTS[name];
  if (variant === undefined)
    throw new Error(`Expected variants of ${Object.keys(VARIANTS)} but received ${name}`);
  const config = setting.config(seed, ...(variant.set ?? []));
  using stack = new Disposables();
  const images = stack.add(await openTrainingImages(config, setting.space));
  const fixed = new FixedImages(config);
  const calibration = await fixed.batches(images.train, config.evaluate.calibrationImages);
  stack.addAll(calibration);
  const validation = await fixed.batches(images.heldOut, config.evaluate.validationImages);
  stack.addAll(validation);
  const bench: Bench = {
    space: setting.space,
    config,
    images: images.train,
    async train(space, sampler, change = {}) {
      const network = createNetwork(space, config);
      await change.start?.(network);
      using loader = trainingLoader(images.train, config, config.train.batchSize);
      const recipe = { ...recipeOf(config.train, loader.batchesPerEpoch), ...change.recipe };
      const wrapped = change.wrap?.(network, recipe) ?? network;
      const supernet = Object.assign(Object.create(null), {
        space,
        step: wrapped.step.bind(wrapped),
        state: () => network.state(),
        load: (entries: never) => network.load(entries),
      });
      await trainSupernet({ supernet, loader, recipe, seed, sampler: sampler ?? samplerOf(space, config) });
      return network;
    },
    async score(network, chosen) {
      const {
        correct,
        top5,
        loss,
        images: count,
      } = await network.evaluate(chosen, { calibration, validation });
      return chosen.map((_, i) =>
        accuraciesOf({ correct: correct[i]!, top5: top5[i]!, loss: loss[i]!, images: count }),
      );
    },
  };
  console.time(`${name} ${seed}`);
  const scores = await variant.run(bench, architectures);
  console.timeEnd(`${name} ${seed}`);
  return scores;
}
