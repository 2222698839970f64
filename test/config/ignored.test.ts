import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoredSettings } from '../../src/config/ignored.js';
import { resolveConfig } from '../../src/config/load.js';
import { configSchema } from '../../src/config/schema/config.js';
import { type ConfigSource, setSource, yamlSource } from '../../src/config/sources.js';

const said = (...sources: ConfigSource[]): string[] => ignoredSettings(sources, resolveConfig(sources));
const file = (text: string): ConfigSource => yamlSource(text, 'my.yaml');

test('settings that another one puts out of force are named with their place', () => {
  assert.deepEqual(said(file('search:\n  algorithm: nsga2\n  mutations: 10\n  mutationProbability: 0.2\n')), [
    'my.yaml:3:3: search.mutations has no effect, as search.algorithm is "nsga2"',
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

test('nothing is said of what counts, of defaults, and of what a later source puts out of force', () => {
  assert.deepEqual(ignoredSettings([], configSchema.parse({})), []);
  assert.deepEqual(said(file('search:\n  mutations: 10\n  crossovers: 10\n')), []);
  assert.deepEqual(said(file('search:\n  mutations: 10\n'), setSource('search.algorithm=nsga2')), []);
  assert.deepEqual(said(file('train:\n  steps: 10\n'), setSource('train.epochs=2')), []);
  assert.equal(said(setSource('search.algorithm=nsga2'), file('search:\n  mutations: 10\n')).length, 1);
});
