import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { RandomStream } from '../../src/core/rng.js';
import { openValuation } from '../../src/pipeline/search/openValuation.js';
import { calibratedValuation, combinedValuation } from '../../src/pipeline/search/valuation.js';
import { searchedArchitectures } from '../../src/pipeline/setup/legalArchitectures.js';
import { kendallTau } from '../../src/search/correlation.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { Architecture } from '../../src/space/types.js';

const space = getSpace('nas-bench-macro');
const setting = { space, images: 5000, naswot: true };
/** -log(error) of a network: each block that does something adds the weight of its layer. */
const logErrorOf = (architecture: Architecture, weights: readonly number[]): number =>
  0.7 + architecture.reduce((sum, value, layer) => sum + weights[layer]! * [0, 1, 1.3][value]!, 0);
const WEIGHTS = [0.19, 0.15, 0.19, 0.15, 0.08, 0.11, 0.05, 0.03]; // as NAS-Bench-Macro has them
const random = new RandomStream(1, 'test', 0);
const architectures = Array.from({ length: 200 }, () => space.genes.map(({ size }) => random.integer(size)));
const truth = architectures.map((architecture) => logErrorOf(architecture, WEIGHTS));
const candidates = (weights: readonly number[], naswot: (index: number) => number) =>
  architectures.map((architecture, i) => ({
    architecture,
    score: { accuracy: 1 - Math.exp(-logErrorOf(architecture, weights)), naswot: naswot(i) },
  }));
const tauOf = (predictions: ReturnType<ReturnType<typeof combinedValuation>>) =>
  kendallTau(
    predictions!.map(({ mean }) => mean),
    truth,
  );

test('a score that is wrong about one layer is outvoted by the others', () => {
  const wrong = WEIGHTS.with(6, 0.3); // six times what layer 6 is worth
  const visited = candidates(wrong, (i) => truth[i]!);
  const own = kendallTau(
    visited.map(({ score }) => score.accuracy),
    truth,
  );
  const predictions = combinedValuation(setting)(visited);
  assert.ok(tauOf(predictions) > own + 0.1, `${tauOf(predictions)} is not better than ${own}`);
  assert.ok(predictions!.every(({ deviation }) => deviation > 0));
});

test('a score that has nothing to do with the supernet does not take part', () => {
  const noise = new RandomStream(2, 'test', 0);
  const withNoise = candidates(WEIGHTS, () => noise.uniform());
  const without = combinedValuation({ ...setting, naswot: false })(candidates(WEIGHTS, () => 0));
  const means = (predictions: typeof without) => predictions!.map(({ mean }) => mean);
  assert.deepEqual(means(combinedValuation(setting)(withNoise)), means(without));
});

test('losses tell apart networks that have as many images right, where all have one', () => {
  const equals = architectures.map((architecture, i) => ({
    architecture,
    score: { accuracy: 0.5, loss: Math.exp(-truth[i]!) },
  }));
  const predict = combinedValuation({ ...setting, naswot: false });
  assert.ok(tauOf(predict(equals)) > 0.8);
  const oneWithout = equals.map(({ architecture, score: { accuracy, loss } }, i) => ({
    architecture,
    score: i === 0 ? { accuracy } : { accuracy, loss },
  }));
  assert.equal(predict(oneWithout), undefined);
});

test('scores in which single genes show nothing have no model: it would rank all alike', () => {
  let without = 0;
  for (let seed = 0; seed < 12; seed++) {
    const noise = new RandomStream(seed, 'test', 1);
    const visited = candidates(WEIGHTS, () => noise.uniform())
      .slice(0, 58)
      .map(({ architecture, score }) => ({
        architecture,
        score: { ...score, accuracy: 0.5 + 0.1 * noise.uniform() },
      }));
    const predictions = combinedValuation(setting)(visited);
    if (predictions === undefined) without++;
    else assert.ok(new Set(predictions.map(({ mean }) => mean)).size > 1);
  }
  assert.ok(without > 0 && without < 12, `${without} of 12`);
});

test('a few candidates have no model yet', () => {
  const visited = candidates(WEIGHTS, (i) => truth[i]!);
  assert.equal(combinedValuation(setting)(visited.slice(0, 47)), undefined);
  assert.equal(combinedValuation(setting)(visited.slice(0, 48))!.length, 48);
});

test('trained networks correct what all scores have wrong', () => {
  const reversed = WEIGHTS.toReversed();
  const visited = candidates(reversed, (i) => logErrorOf(architectures[i]!, reversed));
  const networks = visited.slice(0, 30).map((candidate, i) => ({
    ...candidate,
    accuracy: 1 - Math.exp(-truth[i]!),
    loss: 0,
    folder: '',
  }));
  const before = tauOf(combinedValuation(setting)(visited));
  const { valuation } = calibratedValuation(setting, networks, 10_000);
  const after = tauOf(valuation(visited));
  assert.ok(after > 0.9 && after > before + 0.2, `${before} becomes ${after}`);
  // Below the number that the scores need for a common model it works without one.
  assert.equal(valuation(visited.slice(0, 10))!.length, 10);
});

test('a search with too few candidates for the score model says that accuracies rank', async () => {
  const warnings = async (...set: string[]) => {
    const config = loadConfig({ set: ['space.name=nas-bench-macro', 'evaluate.naswotImages=0', ...set] });
    const heard: string[] = [];
    using _ = await openValuation(config, {
      space,
      feasible: searchedArchitectures(space, config),
      scorer: { evaluate: async () => [], images: 1000 },
      supernet: 'runs/supernet',
      openTrials: () => assert.fail('nothing is trained'),
      onTrial: () => {},
      onWarning: (message) => heard.push(message),
    });
    return heard;
  };
  const few = ['search.population=10', 'search.generations=2', 'search.topK=5'];
  assert.match(
    (await warnings(...few)).join(),
    /needs 48 candidates of the space nas-bench-macro.* gives 30$/,
  );
  assert.deepEqual(await warnings(...few, 'search.score=supernet'), []);
  assert.deepEqual(await warnings('search.population=10', 'search.generations=4', 'search.topK=5'), []);
});
