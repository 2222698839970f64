import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveConfig } from '../../src/config/load.js';
import { setSource, yamlSource } from '../../src/config/sources.js';
import { SinglePathError } from '../../src/core/errors.js';
import { parseConstraints } from '../../src/cost/constraint.js';
import { tableFromCsv, tableToCsv } from '../../src/latency/format/csv.js';
import { readRun } from '../../src/pipeline/runs/runs.js';
import { readCheckpoint } from '../../src/run/checkpoints.js';
import { readEvents } from '../../src/run/events.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/run/safetensors.js';
import { addon } from '../../src/runtime/addon.js';
import type { NetworkDescription } from '../../src/runtime/native.js';
import { EvaluationCache } from '../../src/search/cache.js';
import { parseTrueAccuracies } from '../../src/search/truth.js';
import { parseArchitecture } from '../../src/space/architecture.js';
import { parseSpace } from '../../src/space/file/load.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { describeNetwork } from '../../src/supernet/description.js';
import { madeUpTable, ONE_ROW } from '../latency/tables.js';
import { mixedSpace, quantSpace, twoPathsSpace } from '../native/networks.js';
import { NETWORK, randomBatch, STEP } from '../native/setup.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Something that reads what comes from elsewhere. */
export interface FuzzTarget {
  /** Small valid inputs, which are then damaged. */
  seeds(): Buffer[];
  /** Reads an input. May throw a SinglePathError, or an Error with a code, and nothing else. */
  run(input: Buffer): unknown;
}

const text = (...seeds: string[]): Buffer[] => seeds.map((seed) => Buffer.from(seed));

/** A target that reads a file called `name`, with `others` beside it. */
function file(
  name: string,
  seeds: () => Buffer[],
  read: (folder: string) => unknown,
  others: Record<string, string> = {},
): FuzzTarget {
  const folder = temporaryFolder();
  for (const [other, content] of Object.entries(others)) writeFileSync(join(folder, other), content);
  return {
    seeds,
    run(input) {
      writeFileSync(join(folder, name), input);
      return read(folder);
    },
  };
}

const TENSORS = [
  { name: 'a.weight', shape: [2, 1], data: Float32Array.of(1, 2) },
  { name: 'b', shape: [], data: Float32Array.of(3) },
];
const state = (weights: object | null) =>
  JSON.stringify({ format: 1, step: 3, spaceName: 'x', spaceHash: 'ab', weights, state: { step: 3 } });
const score = (architecture: number[]) =>
  JSON.stringify({ supernet: 'a', setup: 'b', architecture, score: { accuracy: 0.5, top5: 0.9, loss: 1 } });
const space = getSpace('spos-shufflenet-v2-28');

export const targets: Record<string, FuzzTarget> = {
  safetensors: {
    seeds: () => [
      Buffer.concat([...encodeSafetensors(TENSORS, { by: 'x' })]),
      Buffer.concat([...encodeSafetensors([])]),
    ],
    run: (input) => decodeSafetensors(input, 'x.safetensors'),
  },
  config: {
    seeds: () => [
      readFileSync('configs/demo.yaml'),
      ...text('train: {steps: 10, sampler: constrained, constraints: [madds<=3M]}\nspace: {name: fbnet}\n'),
    ],
    run: (input) => resolveConfig([yamlSource(input.toString('utf8'), 'x.yaml')]),
  },
  set: {
    seeds: () =>
      text(
        'train.steps=100',
        'search.constraints=[madds<=12M, params<=3]',
        'data.normalize={mean: [0.5], std: [0.2]}',
      ),
    run: (input) => resolveConfig([setSource(input.toString('utf8'))]),
  },
  space: {
    seeds: () => [readFileSync('examples/spaces/small-mixed.yaml')],
    run: (input) => parseSpace(input.toString('utf8'), 'x.yaml'),
  },
  architecture: {
    seeds: () => text('0,1,2,3,0,1,2,3', '01230123', '0 1 2 3 0 1 2 3'),
    run: (input) => parseArchitecture(space, input.toString('utf8')),
  },
  constraints: {
    seeds: () => text('madds<=330M', 'params<=3.5M, bitops<=6.5G'),
    run: (input) => parseConstraints(input.toString('utf8')),
  },
  truth: {
    seeds: () =>
      text(
        '[{"arch": [0, 1], "accuracy": 91.2}, {"arch": "1,1", "accuracy": 90, "madds": 3}]',
        '{"01": {"mean_acc": 91.2, "flops": 1}, "11": {"mean_acc": 90}}',
      ),
    run: (input) => parseTrueAccuracies(parsed(input)),
  },
  latency: {
    seeds: () => text(tableToCsv({ ...madeUpTable(twoPathsSpace()), rows: [ONE_ROW] })),
    run: (input) => tableFromCsv(input.toString('utf8'), 'x.csv'),
  },
  evaluations: {
    seeds: () => text([score([0, 1]), score([1, 1]), ''].join('\n')),
    run(input) {
      const damaged = new EvaluationCache().load(input.toString('utf8'));
      if (damaged.length > 0) throw new SinglePathError('INVALID_CHECKPOINT', `lines ${damaged}`); // left out, and told
    },
  },
  events: file(
    'events.jsonl',
    () => text('{"time":1,"type":"step","step":1}\n{"time":2,"type":"resumed","step":1}\n'),
    (folder) => readEvents(join(folder, 'events.jsonl')),
  ),
  run: file(
    'run.json',
    () => text('{"format":1,"kind":"train","identity":{"architecture":[0,1]},"spaceHash":"ab"}'),
    (folder) => readRun(folder, 'train'),
    { 'config.yaml': 'seed: 1' },
  ),
  checkpoint: file(
    'state.json',
    () => text(state(null)),
    (folder) => readCheckpoint(folder),
  ),
  network: {
    seeds: () => spaces.map((one, space) => Buffer.from(JSON.stringify({ space, ...describeNetwork(one) }))),
    run: runNetwork,
  },
};

const spaces = [mixedSpace(), quantSpace('lsq', 'pact', [1, 2, 32]), twoPathsSpace()];

/** A description whose text was damaged: it is refused, or it is a network, and then it works or says why not. */
async function runNetwork(input: Buffer): Promise<void> {
  const description = parsed(input) as NetworkDescription & { space: number };
  const net = new (addon().Network)(description, NETWORK);
  const batch = randomBatch(spaces[description.space] ?? spaces[0]!, 2, 1);
  try {
    const path = new Int32Array(description.genes.length);
    await net.step([batch], path, STEP);
    await net.forward(batch, path);
  } finally {
    net.dispose();
    batch.dispose();
  }
}

/** JSON; damage that leaves none is no input of these targets. */
function parsed(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    throw new NoInput();
  }
}

/** The damaged text never gets to what is tested. */
export class NoInput extends Error {}
