import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAlgorithmSettings, ignoredSettings } from '../../src/config/ignored.js';
import { resolveConfig } from '../../src/config/load.js';
import { printConfig } from '../../src/config/print.js';
import { configSchema } from '../../src/config/schema/config.js';
import { type ConfigSource, setSource, yamlSource } from '../../src/config/sources.js';

const said = (...sources: ConfigSource[]): string[] => ignoredSettings(sources, resolveConfig(sources));
const checked = (...sources: ConfigSource[]): void => checkAlgorithmSettings(sources, resolveConfig(sources));
const file = (text: string): ConfigSource => yamlSource(text, 'my.yaml');

test('settings that another one puts out of force are named with their place', () => {
  assert.deepEqual(said(file('search:\n  mutations: 0\n  mutationProbability: 0.2\n')), [
    'my.yaml:3:3: search.mutationProbability has no effect, as search.mutations is 0',
  ]);
  assert.deepEqual(said(file('data:\n  heldOut: 100\n  heldOutPerClass: 10\n')), [
    'my.yaml:2:3: data.heldOut has no effect, as data.heldOutPerClass is 10',
  ]);
  assert.deepEqual(said(setSource('train.flopsBins.bins=4')), [
    '--set train.flopsBins.bins=4: train.flopsBins has no effect, as train.sampler is "uniform"',
  ]);
  assert.deepEqual(said(file('train:\n  epochs: 2\n  steps: 10\n')), [
    'my.yaml:3:3: train.steps has no effect, as train.epochs is 2',
  ]);
});

test('each of these settings decides nothing beside the other one, and something without it', () => {
  const files = 'data: {kind: image-folder, path: photos}\n';
  for (const [setting, beside, without] of [
    ['data.path=photos', 'data.kind=synthetic', 'data.kind=mnist'],
    ['data.upright=false', 'data.kind=mnist', 'data.kind=tar'],
    ['data.pixelLimit=10', 'data.kind=mnist', 'data.kind=tar'],
    ['data.broken=skip', 'data.kind=mnist', 'data.kind=tar'],
    ['data.exactDecode=true', 'data.kind=mnist', 'data.kind=tar'],
    ['data.cache=1', 'data.kind=mnist', 'data.kind=tar'],
    ['data.colorJitter=0', 'data.augment=spos-imagenet', 'data.augment=imagenet'],
    ['data.brokenShare=0.1', 'data.broken=error', 'data.broken=skip'],
    ['data.testFraction=0.1', 'data.testPath=tests', 'data.testPath=null'],
    ['data.splitSeed=1', 'data.heldOut=0', 'data.heldOut=10'],
    ['search.mutationProbability=0.2', 'search.mutations=0', 'search.mutations=10'],
    ['search.trial.epochs=3', 'search.finalists=0', 'search.finalists=4'],
    ['search.trial.epochs=3', 'search.finalists=0', 'search.calibrate=4'],
    ['latency.paths=200', 'latency.method=isolated', 'latency.method=both'],
    ['latency.maxPaths=400', 'latency.method=isolated', 'latency.method=in_context'],
    ['latency.finalists=3', 'search.constraints=[madds<=1G]', 'search.constraints=["latency[a.lut]<=1ms"]'],
  ] as const) {
    const told = (other: string) => said(file(files), setSource(other), setSource(setting));
    assert.equal(told(beside).length, 1, `${setting} with ${beside}`);
    const [path, by] = [setting, beside].map((one) => one.slice(0, one.indexOf('=')));
    assert.match(
      told(beside)[0]!,
      new RegExp(`: ${path!.replace(/\.epochs$/, '')} has no effect, as ${by} is `),
    );
    assert.deepEqual(told(without), [], `${setting} with ${without}`);
  }
  const [rungs] = said(setSource('search.calibrate=4'), setSource('search.trial.rungs=2'));
  assert.match(rungs!, /search\.trial\.rungs has no effect, as search\.finalists is 0/);
});

test('nothing is said of what counts, of defaults, and of what a later source puts out of force', () => {
  assert.deepEqual(ignoredSettings([], configSchema.parse({})), []);
  assert.deepEqual(said(file('search:\n  mutations: 10\n  crossovers: 10\n')), []);
  assert.deepEqual(said(file('search:\n  mutations: 10\n'), setSource('search.algorithm=nsga2')), []);
  assert.deepEqual(said(file(printConfig(configSchema.parse({})))), []);
  assert.deepEqual(said(file('train:\n  steps: 10\n'), setSource('train.epochs=2')), []);
});

test('a section of which some settings are written counts as the default where these are', () => {
  assert.deepEqual(said(file('search: {finalists: 0, trial: {epochs: 2}}\n')), []);
  assert.equal(said(file('search: {finalists: 0, trial: {epochs: 3}}\n')).length, 1);
});

test('a search refuses settings of another algorithm, all at once', () => {
  const algorithm = file('search:\n  algorithm: nsga2\n');
  const evolution = file('search:\n  mutations: 10\n  crossovers: 5\n  mutationProbability: 0.2\n');
  assert.throws(() => checked(algorithm, evolution), {
    code: 'INVALID_CONFIG',
    message:
      'my.yaml:2:3: Expected no search.mutations, as search.algorithm is "nsga2"\n' +
      'my.yaml:3:3: Expected no search.crossovers, as search.algorithm is "nsga2"',
    hint: /choose the algorithm/,
  });
  for (const [setting, algorithm, own] of [
    ['mutations=10', 'random', 'evolution'],
    ['crossovers=10', 'nsga2', 'evolution'],
    ['mutationProbability=0.2', 'random', 'nsga2'],
    ['objectives=[accuracy, params]', 'evolution', 'nsga2'],
  ] as const) {
    const sources = (chosen: string) =>
      [`algorithm=${chosen}`, setting].map((one) => setSource(`search.${one}`));
    assert.throws(
      () => checked(...sources(algorithm)),
      /--set search\.\w+=.*: Expected no search\./,
      setting,
    );
    assert.equal(said(...sources(algorithm)).length, 1, setting);
    checked(...sources(own));
    assert.deepEqual(said(...sources(own)), [], setting);
  }
  // Whoever names objectives expects a Pareto front, be they the default ones.
  assert.throws(
    () => checked(file('search: {objectives: [accuracy, madds]}\n')),
    /Expected no search\.objectives/,
  );
});

test('a file that was written whole may search: settings of another algorithm beside its own are news alone', () => {
  for (const [algorithm, setting] of [
    ['nsga2', 'mutations=12'],
    ['random', 'mutationProbability=0.2'],
    ['evolution', 'objectives=[accuracy, params]'],
  ] as const) {
    const config = resolveConfig([
      setSource(`search.${setting}`),
      setSource(`search.algorithm=${algorithm}`),
    ]);
    const whole = file(printConfig(config));
    checked(whole);
    assert.match(said(whole).join(), new RegExp(`search\\.${setting.split('=')[0]} has no effect`));
  }
});
