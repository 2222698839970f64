import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as library from '../../src/index.js';
import { temporaryFolder } from '../temporaryFolder.js';

/*
 * JavaScript has no types to keep a caller from passing the wrong thing. Every function, constructor and static method of
 * the library is called with such: it may take them, but what it throws, or rejects with, is a SinglePathError.
 */

const hostile: readonly unknown[] = [undefined, null, 3, 'x', {}, [], () => 1];

/** Builds programs, or starts some each time: called with what is no object only. */
const STARTS_PROGRAMS = new Set(['buildAddon', 'doctorReport']);

type Call = (...values: unknown[]) => unknown;

const isClass = (value: unknown) => /^class\b/.test(Function.prototype.toString.call(value));

/** By the name a user writes. */
function* callables(names: object, prefix = ''): Generator<[name: string, call: Call]> {
  for (const [name, value] of Object.entries(names) as [string, unknown][]) {
    if (name === 'nn') yield* callables(value as object, 'nn.');
    if (typeof value !== 'function') continue;
    if (!isClass(value)) {
      yield [prefix + name, value as Call];
      continue;
    }
    yield [`new ${name}`, (...values) => Reflect.construct(value, values)];
    for (const [member, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (typeof method === 'function')
        yield [`${name}.${member}`, (...values) => Reflect.apply(method, value, values)];
    }
  }
}

/** What went wrong without saying so in our words; undefined where all is well. */
async function complaint(name: string, call: Call, values: readonly unknown[]): Promise<string | undefined> {
  try {
    const result = await call(...values);
    // Searches begin with the first generation that is asked for.
    const { next } = Object(result) as { next?: unknown };
    if (typeof next === 'function') await Reflect.apply(next, result, []);
    const { dispose } = Object(result) as { dispose?: unknown };
    if (typeof dispose === 'function') Reflect.apply(dispose, result, []);
    return undefined;
  } catch (error) {
    if (error instanceof library.SinglePathError) return undefined;
    return `${name}(${values.map(show).join(', ')}): ${(error as Error).stack}`;
  }
}

const show = (value: unknown): string => inspect(value, { depth: 1, breakLength: Infinity }).slice(0, 60);

function report(complaints: readonly (string | undefined)[]): void {
  const found = complaints.filter((text) => text !== undefined);
  const first = [...new Map(found.map((text) => [text.slice(0, text.indexOf('(')), text])).values()];
  assert.deepEqual(first, [], `${found.length} calls, one of each function:\n${first.join('\n')}`);
}

test('every function, constructor and static method with hostile arguments', async () => {
  process.chdir(temporaryFolder());
  const complaints: (string | undefined)[] = [];
  for (const [name, call] of callables(library)) {
    const firsts = STARTS_PROGRAMS.has(name) ? [null, 3, 'x'] : hostile;
    for (const first of firsts)
      for (const second of hostile) complaints.push(await complaint(name, call, [first, second, second]));
  }
  assert.ok(complaints.length > 6000, 'the whole library');
  report(complaints);
});

/** Right arguments, of which one after another is replaced, and one field of objects after another. */
function rightArguments(): Record<string, unknown[]> {
  const space = library.getSpace('nas-bench-macro');
  const architecture = space.genes.map(() => 0);
  const table = library.costTable(space, 'madds');
  const cost = { space, table };
  const feasible = library.feasibleSet(space, [table], []);
  const evaluate = async (architectures: readonly unknown[]) => architectures.map(() => ({ accuracy: 0.5 }));
  const config = library.resolveConfig([library.setSource('space.name=nas-bench-macro')]);
  const small = { generations: 0, population: 2, topK: 1, seed: 0 };
  const numbers = [1, 2, 3];
  const named = [{ name: 'a', values: numbers }];
  const arrays = { pixels: new Uint8Array(4), shape: [1, 1, 2, 2], labels: [0] };
  const observations = {
    architectures: Array.from({ length: 12 }, (_, i) => [i % 3, (i >> 1) % 3]),
    values: Array.from({ length: 12 }, (_, i) => i),
  };
  const conv = library.nn.conv2d({ out: 8 });
  return {
    checkConfig: [config],
    checkSpace: [space],
    checkArchitecture: [space, architecture],
    parseArchitecture: [space, '0,0,0,0,0,0,0,0'],
    formatArchitecture: [space, architecture],
    deriveSubnet: [space, architecture],
    fixGenes: [space, [0]],
    getSpace: ['nas-bench-macro', { size: 32 }],
    loadSpace: ['space.yaml', { size: 32 }],
    spaceHash: [space],
    'new Equivalence': [space],
    costOf: [space, architecture, { size: 32 }],
    costTable: [space, 'madds', { size: 32 }],
    tableCost: [table, architecture],
    costStatistics: [space, table, { maxBins: 100 }],
    spaceSize: [space],
    parseConstraint: ['madds<=3M'],
    parseConstraints: [['madds<=3M']],
    formatConstraint: [{ metric: 'madds', limit: 1 }],
    formatCost: ['madds', 1],
    feasibleSet: [space, [table], [{ metric: 'madds', limit: 1e9 }], { maxLevels: 100 }],
    'new FeasibleSet': [space, [{ table: cost.table, atMost: 1e9 }], { maxStates: 1000 }],
    'new ConstrainedSampler': [feasible, 0],
    'new BinnedSampler': [space, table, 0, { from: 1e6, to: 1e9, bins: 1 }],
    'new StrictFairnessSampler': [space, 0],
    'new UniformSampler': [space, 0],
    'new RandomStream': [0, 'test', 0],
    withWidthWarmup: [new library.UniformSampler(space, 0), space, { holdSteps: 1, widenSteps: 1 }, 0],
    evolutionarySearch: [space, evaluate, small],
    randomSearch: [space, evaluate, small],
    nsga2: [space, evaluate, [table], small],
    kendallTau: [numbers, numbers],
    spearmanRho: [numbers, numbers],
    rankingReport: [numbers, numbers, numbers, { bands: 2, topK: [1] }],
    rankingCard: [named, named, numbers, numbers, { limits: [2], k: 1 }],
    parseTrueAccuracies: [[{ arch: [0], accuracy: 0.5 }]],
    'ScoreModel.fit': [{ name: 'two genes', genes: space.genes.slice(0, 2) }, observations, { pairs: false }],
    logError: [0.5, 100],
    spaceRows: [space],
    predictLatency: [space, { header: {}, rows: [] }, [architecture]],
    lint: [space, { header: {}, rows: [] }],
    printConfig: [config, { comments: true }],
    openSpace: [config.space],
    recipeOf: [config.train, 10],
    setSource: ['seed=1'],
    resolveConfig: [[library.setSource('space.name=nas-bench-macro')]],
    loadConfig: [{ files: [], set: ['space.name=nas-bench-macro'] }],
    encodeOnnx: [library.deriveSubnet(space, architecture), [], { opset: 17 }],
    datasetFromArrays: [arrays, { normalize: 'auto' }],
    openDataset: [{ kind: 'arrays', train: arrays }, { split: 'train' }],
    inspectDataset: [{ kind: 'image-folder', path: '.' }, 'train', {}],
    packDataset: [{ kind: 'image-folder', path: '.' }, 'out', {}],
    populationEvaluator: [{ supernet: {}, calibration: [], validation: [] }],
    'nn.buildGraph': ['path', conv],
    'nn.conv2d': [{ out: 8, kernel: 3 }],
    'nn.squeezeExcite': [{ channels: 8 }],
    defineSpace: [
      {
        name: 'own',
        input: { channels: 1, size: 4 },
        classes: 2,
        layers: [library.fixed('head', library.nn.averagePool(), library.nn.linear({ out: 2 }))],
      },
    ],
    fixed: ['head', conv],
    choiceLayer: [{ choices: { a: conv, b: conv } }],
  };
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

test('one argument, or one field of it, hostile among right ones', async () => {
  process.chdir(temporaryFolder());
  const known = new Map(callables(library));
  const complaints: (string | undefined)[] = [];
  for (const [name, values] of Object.entries(rightArguments())) {
    const call = known.get(name);
    assert.ok(call, name);
    for (const [position, value] of values.entries()) {
      const fields = isPlain(value) ? Object.keys(value) : [];
      for (const wrong of hostile) {
        complaints.push(await complaint(name, call, values.with(position, wrong)));
        for (const field of fields) {
          const replaced = { ...(value as object), [field]: wrong };
          complaints.push(await complaint(name, call, values.with(position, replaced)));
        }
      }
    }
  }
  report(complaints);
});
