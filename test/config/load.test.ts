import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { loadConfig, resolveConfig } from '../../src/config/load.js';
import { printConfig } from '../../src/config/print.js';
import type { Config } from '../../src/config/schema/config.js';
import { learningRateOf } from '../../src/config/schema/recipe.js';
import { generationOf } from '../../src/config/schema/search.js';
import { setSource, yamlSource } from '../../src/config/sources.js';
import { expected, SinglePathError } from '../../src/core/errors.js';
import { objectiveTables } from '../../src/pipeline/search/searchAlgorithm.js';
import { recipeOf, samplerOf } from '../../src/pipeline/setup/fromConfig.js';
import { searchedArchitectures } from '../../src/pipeline/setup/legalArchitectures.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { temporaryFolder } from '../temporaryFolder.js';

const read = (text: string, ...set: string[]) =>
  resolveConfig([yamlSource(text, 'my.yaml'), ...set.map(setSource)]);

const failure = (text: string, ...set: string[]): SinglePathError => {
  try {
    read(text, ...set);
  } catch (error) {
    assert.ok(error instanceof SinglePathError);
    assert.equal(error.code, 'INVALID_CONFIG');
    return error;
  }
  throw new assert.AssertionError({ message: `accepted: ${text} ${set.join(' ')}` });
};

test('the defaults are the hyper-parameters of the paper', () => {
  const { train, search, retrain } = resolveConfig([]);
  assert.deepEqual(
    [train.steps, train.batchSize, learningRateOf(train), train.momentum, train.nesterov, train.weightDecay],
    [150_000, 1024, 0.5, 0.9, false, 4e-5],
  );
  assert.deepEqual([train.labelSmoothing, train.schedule, train.warmupSteps], [0.1, 'linear', 0]);
  assert.deepEqual([search.population, search.generations, search.mutationProbability], [50, 20, 0.1]);
  assert.deepEqual(generationOf(search), { topK: 10, mutations: 25, crossovers: 25 });
  assert.equal(retrain.steps, 300_000);
});

test('the default learning rate follows the images of a step, and config show states it', () => {
  const rates = [
    ['train.batchSize=64', 0.03125],
    ['train.batchSize=256', 0.125],
    ['train={batchSize: 64, accumulate: 16}', 0.5],
    ['train={batchSize: 64, learningRate: 0.2}', 0.2],
  ] as const;
  for (const [set, rate] of rates) {
    const config = loadConfig({ set: [set] });
    assert.equal(learningRateOf(config.train), rate, set);
    assert.equal(recipeOf(config.train, 100).learningRate, rate, set);
  }
  const config = loadConfig({ set: ['train.batchSize=64'] });
  const shown = printConfig(config, { comments: true });
  assert.match(
    shown,
    /^ {2}# Largest learning rate; null scales .*\n {2}learningRate: null # 0\.03125 for this batch size$/m,
  );
  assert.deepEqual(resolveConfig([yamlSource(shown, 'shown.yaml')]), config);
});

test('files give values, later layers and --set override single settings', () => {
  const config = read(
    'train:\n  steps: 10\n  batchSize: 8\n',
    'train.steps=20',
    'search.constraints=[madds<=12M, params<=1M]',
  );
  assert.equal(config.train.steps, 20);
  assert.equal(config.train.batchSize, 8);
  assert.deepEqual(config.search.constraints, ['madds<=12M', 'params<=1M']);
});

test('steps displace epochs of an earlier layer, and a space its alternative', () => {
  const file = 'train: {epochs: 5}\nspace: {file: my-space.yaml}\n';
  const config = read(file, 'train.steps=10', 'space.name=nas-bench-macro');
  assert.deepEqual([config.train.steps, config.train.epochs], [10, null]);
  assert.deepEqual([config.space.name, config.space.file], ['nas-bench-macro', null]);
  assert.equal(read(file).train.epochs, 5);
});

test('a number of held-out images displaces one of each class of an earlier layer, and the other way round', () => {
  const counts = ({ data }: Config) => [data.heldOut, data.heldOutPerClass];
  const { heldOut } = resolveConfig([]).data;
  assert.deepEqual(counts(read('data: {heldOutPerClass: 50}\n', 'data.heldOut=1000')), [1000, null]);
  assert.deepEqual(counts(read('data: {heldOut: 1000}\n', 'data.heldOutPerClass=50')), [heldOut, 50]);
  // As the configuration of an earlier run has them both.
  assert.deepEqual(counts(read('data: {heldOut: 1000, heldOutPerClass: 50}\n')), [1000, 50]);
  assert.deepEqual(counts(read('data: {heldOut: 9}\n', 'data.heldOutPerClass=null')), [9, null]);
});

test('a wrong value is reported with file, line and column', () => {
  const error = failure('# comment\ntrain:\n  steps: many\n');
  assert.equal(error.message, "my.yaml:3:10: Expected a number for train.steps but received 'many'");
  assert.match(failure('train: {steps: 1.5}').message, /^my.yaml:1:16: Expected an integer for train.steps/);
});

test('an unknown key is reported where it stands, with the name that was meant', () => {
  const error = failure('train:\n  steps: 10\n  lerningRate: 0.1\n');
  assert.equal(error.message, "my.yaml:3:3: Expected a known key for train but received 'lerningRate'");
  assert.equal(error.hint, "did you mean 'learningRate'?");
  assert.equal(failure('sapce: {}\n').hint, "did you mean 'space'?");
});

test('a wrong name of a choice suggests the right one', () => {
  const error = failure('train:\n  sampler: unifrom\n');
  assert.match(error.message, /^my\.yaml:2:12: Expected one of uniform, .* but received 'unifrom'$/);
  assert.equal(error.hint, "did you mean 'uniform'?");
});

test('--set has the same errors and is named as the place', () => {
  assert.equal(
    failure('train:\n  steps: 10\n', 'train.steps=-1').message,
    '--set train.steps=-1: Expected a number > 0 for train.steps but received -1',
  );
  const unknown = failure('', 'search.populaton=5');
  assert.match(unknown.message, /^--set search\.populaton=5: Expected a known key for search/);
  assert.equal(unknown.hint, "did you mean 'population'?");
  assert.match(failure('', 'train.steps').message, /^Expected path=value for --set/);
  assert.match(failure('', 'train.steps=[1').message, /^--set train\.steps=\[1: Expected valid YAML/);
});

test('an amount of memory is a number of MiB or has a unit', () => {
  const memory = (text: string) => read(`evaluate: {memory: ${text}}`).evaluate.memory;
  assert.deepEqual(
    ['300', '"300"', '512MB', '4GB', '4 GiB', '2gb', '0', '0MB'].map(memory),
    [300, 300, 512, 4096, 4096, 2048, 0, 0],
  );
  for (const [text, said] of [
    ['4TB', "Expected MiB, or a size such as 512MB or 4GB, for evaluate.memory but received '4TB'"],
    ['-1', 'Expected a number >= 0 for evaluate.memory but received -1'],
    ['01MB', "Expected MiB, or a size such as 512MB or 4GB, for evaluate.memory but received '01MB'"],
    ['1.5', 'Expected an integer for evaluate.memory but received 1.5'],
    ['true', 'Expected one of the forms of docs/config.schema.json for evaluate.memory but received true'],
  ] as const) {
    assert.equal(failure(`evaluate: {memory: ${text}}`).message, `my.yaml:1:20: ${said}`);
  }
});

test('Nesterov momentum without momentum is refused, of the supernet as of one network', () => {
  for (const section of ['train', 'retrain']) {
    assert.equal(
      failure(`${section}: {nesterov: true, momentum: 0}`).message,
      `my.yaml:1:${section.length + 30}: Expected a number > 0, as nesterov is true, for ${section}.momentum but received 0`,
    );
    read(`${section}: {momentum: 0}`);
    read(`${section}: {nesterov: true}`);
  }
});

test('several findings are all listed', () => {
  const error = failure('train:\n  steps: 0\nsearch:\n  topK: a\n');
  assert.deepEqual(
    error.message.split('\n').map((line) => line.split(': ')[0]),
    ['my.yaml:2:10', 'my.yaml:4:9'],
  );
});

test('the numbers of a generation follow from the population where they are not given', () => {
  const generation = (...set: string[]) => {
    const { topK, mutations, crossovers } = generationOf(read('', ...set.map((s) => `search.${s}`)).search);
    return [topK, mutations, crossovers];
  };
  assert.deepEqual(generation('population=20'), [10, 10, 10]);
  assert.deepEqual(generation('population=7'), [7, 3, 4]);
  assert.deepEqual(generation('population=1'), [1, 0, 1]);
  assert.deepEqual(generation('population=20', 'mutations=5'), [10, 5, 10]);
  assert.deepEqual(generation('population=20', 'mutations=15'), [10, 15, 5]);
  assert.deepEqual(generation('population=20', 'crossovers=18'), [10, 2, 18]);
  // What an earlier run did not state follows the population of this one.
  const earlier = yamlSource(printConfig(resolveConfig([])), 'config.yaml');
  const { search } = resolveConfig([earlier, setSource('search.population=20')]);
  assert.deepEqual(generationOf(search), { topK: 10, mutations: 10, crossovers: 10 });
  for (const [text, said] of [
    ['{population: 20, mutations: 21}', /Expected at most population \(20\) for search\.mutations/],
    ['{population: 20, crossovers: 21}', /at most population - mutations \(20\) for search\.crossovers/],
    ['{population: 20, mutations: 12, crossovers: 9}', /at most population - mutations \(8\)/],
  ] as const) {
    assert.match(failure(`search: ${text}`).message, said);
  }
});

test('settings that contradict each other are refused', () => {
  assert.match(failure('search:\n  topK: 60\n').message, /^my\.yaml:2:9: Expected at most population \(50\)/);
  assert.match(failure('space:\n  name: a\n  file: b\n').message, /my\.yaml:3:9: .*not both/);
  assert.match(failure('train: {sampler: constrained}').message, /at least one constraint/);
});

test('broken YAML and unreadable files say where', () => {
  assert.match(failure('train:\n  steps: [1\nsearch: {}\n').message, /^my\.yaml:3:1: Expected valid YAML/);
  assert.match(failure('- a\n').message, /^my\.yaml:1:1: Expected a mapping/);
  assert.match(
    failure('seed: 1\nseed: 2\n').message,
    /^my\.yaml:2:1: Expected valid YAML: Map keys must be unique/,
  );
  assert.throws(() => loadConfig({ files: ['/no/such.yaml'] }), {
    code: 'INVALID_CONFIG',
    message: "Expected a readable configuration file at '/no/such.yaml'",
  });
});

test('a printed configuration reads back to the same value, with a comment for every setting', () => {
  const folder = temporaryFolder();
  const number = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(number, fc.boolean(), fc.array(fc.string()), (steps, nesterov, constraints) => {
      const config = resolveConfig([
        setSource(`train.steps=${steps}`),
        setSource(`train.nesterov=${nesterov}`),
        { value: { search: { constraints } }, locate: () => undefined },
      ]);
      const path = join(folder, 'config.yaml');
      writeFileSync(path, printConfig(config, { comments: true }));
      assert.deepEqual(loadConfig({ files: [path] }), config);
    }),
    { numRuns: 20 },
  );
  const lines = printConfig(resolveConfig([]), { comments: true }).split('\n');
  const bare = lines.filter((line, i) => /^ *\w+:/.test(line) && !lines[i - 1]?.trim().startsWith('#'));
  assert.deepEqual(bare, []);
  assert.equal(parse(lines.join('\n')).train.batchSize, 1024);
});

test('numbers that JSON does not know are shown as they are', () => {
  assert.match(
    failure('', 'train.learningRate=.inf').message,
    /for train\.learningRate but received Infinity$/,
  );
  assert.match(failure('train: {learningRate: .nan}\n').message, /^my\.yaml:1:23: .* but received NaN$/);
  assert.match(
    failure('', 'data.normalize={mean: [-.inf], std: [1]}').message,
    /mean\.0 but received -Infinity$/,
  );
  const nested = expected('numbers', 'mean', [1, Number.NaN, { std: Number.POSITIVE_INFINITY }, 'NaN']);
  assert.equal(nested.message, 'Expected numbers for mean but received [1,NaN,{"std":Infinity},"NaN"]');
  assert.equal(
    expected('a number', 'seed', undefined).message,
    'Expected a number for seed but received undefined',
  );
  assert.equal(expected('a number', 'seed', 5n).message, 'Expected a number for seed but received 5');
});

test('a refusal names the setting that caused it, and an unknown metric the known ones', () => {
  const space = getSpace('nas-bench-macro');
  const sampler = (...set: string[]) => samplerOf(space, loadConfig({ set }));
  const constrained = (limit: string) => sampler('train.sampler=constrained', `train.constraints=[${limit}]`);
  for (const [work, message, hint] of [
    [
      () => constrained('madds<=1'),
      /^train\.constraints: No architecture of .* smallest madds possible/,
      /at least/,
    ],
    [
      () => sampler('train.constraints=[madds<=330M]'),
      /train\.sampler constrained, as there are train\.constraints, but received uniform/,
      /search\.constraints/,
    ],
    [
      () => constrained('watts<=1'),
      /^train\.constraints: Expected a known metric .* 'watts'/,
      /known: madds, params/,
    ],
    [() => constrained('latency<=5ms'), /^train\.constraints: Expected latency\[<table>\]/, /lookup table/],
    [
      () => sampler('train.widthWarmup.widenSteps=9'),
      /^Expected a space with width genes for train\.widthWarmup \{"holdSteps":0,"widenSteps":9\} but 'nas-bench-macro'/,
      /leave train\.widthWarmup out/,
    ],
    [() => sampler('train.sampler=flops-bins'), /^train\.flopsBins: No architecture of/, /limit/],
    [
      () => searchedArchitectures(space, loadConfig({ set: ['search.constraints=[params<=1]'] })),
      /^search\.constraints: No architecture of .* smallest params possible/,
      /at least/,
    ],
    [
      () => objectiveTables(space, ['accuracy', 'speed'], loadConfig({}).latency),
      /^search\.objectives: .*'speed'/,
      /./,
    ],
  ] as const) {
    assert.throws(work, (error: SinglePathError) => {
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      return true;
    });
  }
});
