import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { addon } from '../../src/runtime/addon.js';
import type { TensorEntry } from '../../src/runtime/native.js';
import { parametersOf } from '../../src/space/parameters.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { assertClose, assertSliceClose, byName } from './compare.js';
import { OP_NAMES, opSpace, quantSpace, shuffleNetSpace, twoPathsSpace, widthSpace } from './networks.js';
import { KERNELS, STEP } from './setup.js';
import {
  batchOf,
  decode,
  entriesOf,
  type GradientCase,
  readVectors,
  type Stored,
  type StoredTensors,
  VECTORS,
} from './vectors.js';

/*
 * The native core against PyTorch: scripts/make-vectors.py wrote what plain PyTorch computes for the same networks;
 * where Python has torch, other numbers are made and compared on the spot.
 *
 * Tolerances are relative to the largest value. libtorch may choose other algorithms for channels_last, and fused
 * kernels add in another order, so a few units of float32's 6e-8 per addition accumulate.
 */
const TOLERANCE = { aten: 2e-5, fused: 1e-4 } as const;

async function checkGradients(space: SearchSpace, kase: GradientCase, state: StoredTensors): Promise<void> {
  const names = parametersOf(space).map(({ name }) => name);
  assert.deepEqual(names.toSorted(), Object.keys(state).toSorted(), 'names of a PyTorch state_dict');
  for (const kernels of KERNELS) {
    const what = (name: string) => `${name} of ${kase.name} [${kase.architecture}] (${kernels})`;
    const tolerance = TOLERANCE[kernels];
    using net = new Supernet(space, { kernels });
    await net.load(entriesOf(state));
    const batch = batchOf(kase.input, kase.labels);
    const options = { ...STEP, labelSmoothing: kase.labelSmoothing };
    const result = await net.gradients(batch, kase.architecture, options);
    assertClose([result.loss], [kase.loss], tolerance, what('loss'));
    assertClose(result.logits.data, decode(kase.logits), tolerance, what('logits'));
    assert.deepEqual(result.logits.shape, kase.logits.shape);
    assertClose(result.input.data, decode(kase.inputGradient), tolerance, what('input gradient'));

    // A path has gradients for exactly the parameters PyTorch gives one.
    const gradients = byName(result.gradients);
    assert.deepEqual(
      [...gradients.keys()].toSorted(),
      Object.keys(kase.gradients).toSorted(),
      what('gradients'),
    );
    for (const [name, expected] of Object.entries(kase.gradients)) {
      const first = /\.(step|alpha)$/.test(name) ? kase.architecture[0]! : 0;
      assertSliceClose(gradients.get(name)!, expected, tolerance, what(`gradient of ${name}`), first);
    }

    // A step that moves no weight leaves the running statistics of a training pass.
    await net.step(batch, kase.architecture, { ...STEP, learningRate: 0, momentum: 0 });
    const after = byName(await net.state());
    for (const [name, expected] of Object.entries(kase.buffersAfter)) {
      assertClose(after.get(name)!.data, decode(expected), tolerance, what(name));
    }
    const evaluated = await net.forward(batch, kase.architecture);
    assertClose(
      evaluated.data,
      decode(kase.evaluatedLogits),
      tolerance,
      what('logits with running statistics'),
    );
  }
}

interface Cases {
  cases: GradientCase[];
}

/** Every check, on vectors in `folder`. */
function comparisons(folder: string) {
  const read = <T>(name: string) => readVectors<T>(name, folder);
  const gradientsOf = async (file: string, spaceOf: (kase: GradientCase) => SearchSpace) => {
    const { cases } = read<Cases>(file);
    assert.ok(cases.length > 0);
    for (const kase of cases) await checkGradients(spaceOf(kase), kase, kase.state ?? cases[0]!.state!);
  };

  test('every op: outputs, gradients of input and parameters, running statistics', async () => {
    assert.deepEqual(
      read<Cases>('ops').cases.map(({ name }) => name),
      OP_NAMES,
    );
    await gradientsOf('ops', ({ name }) => opSpace(name));
  });

  test('a ShuffleNet path: logits and all gradients; choices off the path have none', async () => {
    await gradientsOf('shufflenet', shuffleNetSpace);
  });

  test('channel search: gradients of slices, zero outside', async () => {
    await gradientsOf('slices', widthSpace);
  });

  test('quantizers: gradients of weights, features, bounds and steps for every bit width', async () => {
    const { bits } = read<{ bits: number[] }>('quantizers');
    await gradientsOf('quantizers', ({ name }) => {
      const [weights, features] = name.split('-') as ['dorefa' | 'lsq', 'pact' | 'lsq'];
      return quantSpace(weights, features, bits);
    });
  });

  test('optimizer steps on changing paths equal torch.optim.SGD', async () => {
    const vectors = read<OptimizerVectors>('optimizer');
    for (const kernels of KERNELS) {
      for (const kase of vectors.cases) await checkSteps(vectors, kase, kernels);
    }
  });

  test('recalibration pools the values of all batches, and evaluate() equals recalibrating and validating', async () => {
    const state = read<Cases>('shufflenet').cases[0]!.state!;
    for (const kase of read<{ cases: Recalibration[] }>('recalibration').cases) {
      for (const kernels of KERNELS) await checkRecalibration(kase, state, kernels);
    }
  });
}

interface OptimizerVectors {
  state: StoredTensors;
  input: Stored;
  labels: number[];
  cases: OptimizerCase[];
}

interface OptimizerCase {
  name: string;
  options: Partial<typeof STEP>;
  batchSizes: number[];
  steps: { architecture: number[]; loss: number; gradientNorm: number }[];
  after: StoredTensors;
  momenta: StoredTensors;
}

async function checkSteps(
  { state, input, labels }: OptimizerVectors,
  { name, options, batchSizes, steps, after, momenta }: OptimizerCase,
  kernels: 'aten' | 'fused',
): Promise<void> {
  const tolerance = TOLERANCE[kernels];
  using net = new Supernet(twoPathsSpace(), { kernels });
  await net.load(entriesOf(state));
  const ends = batchSizes.map((_, i) => batchSizes.slice(0, i + 1).reduce((a, b) => a + b));
  const batches = ends.map((end, i) => batchOf(input, labels, end - batchSizes[i]!, end));
  for (const [index, step] of steps.entries()) {
    const what = `step ${index} of '${name}' (${kernels})`;
    const result = await net.step(batches, step.architecture, { ...STEP, ...options });
    assertClose([result.loss], [step.loss], tolerance, `loss of ${what}`);
    assert.equal(result.images, ends.at(-1));
    assertClose([result.gradientNorm], [step.gradientNorm], tolerance, `gradient norm of ${what}`);
  }
  const now = byName(await net.state());
  const expected = Object.entries(after).concat(
    Object.entries(momenta).map(([parameter, momentum]) => [`optimizer.${parameter}`, momentum]),
  );
  assert.deepEqual([...now.keys()].toSorted(), expected.map(([key]) => key).toSorted());
  for (const [key, value] of expected) {
    assertClose(now.get(key)!.data, decode(value), tolerance, `${key} after '${name}' (${kernels})`);
  }
}

/**
 * The scale of a running mean that is 0 in exact arithmetic, as behind a convolution of a BatchNorm's output: the
 * deviation of the values averaged. Undefined for all other values.
 */
function vanishing(name: string, buffers: StoredTensors): number | undefined {
  const mean = buffers[name];
  const variance = buffers[name.replace(/mean$/, 'var')];
  if (!name.endsWith('running_mean') || !mean || !variance) return undefined;
  if (decode(mean).some((value) => Math.abs(value) > 1e-12)) return undefined;
  return Math.sqrt(Math.max(...decode(variance)));
}

interface Recalibration {
  architecture: number[];
  batches: Stored[];
  /** Of the path. */
  buffers: StoredTensors;
  input: Stored;
  labels: number[];
  logits: Stored;
  loss: number;
  correct: number;
}

async function checkRecalibration(
  { architecture, batches: stored, buffers, input, labels, logits, loss, correct }: Recalibration,
  state: StoredTensors,
  kernels: 'aten' | 'fused',
): Promise<void> {
  const tolerance = TOLERANCE[kernels];
  using net = new Supernet(shuffleNetSpace(), { kernels });
  await net.load(entriesOf(state));
  const calibration = stored.map((images) => batchOf(images, Array(images.shape[0]).fill(0)));
  const validation = batchOf(input, labels);

  const scores = await net.evaluate([architecture], { calibration, validation: [validation] });
  assertClose(scores.loss, [loss], tolerance, `evaluated loss (${kernels})`);
  assert.deepEqual(scores.correct, [correct]);

  await net.recalibrate(calibration, architecture);
  const now = byName(await net.state());
  const entries: readonly TensorEntry[] = entriesOf(state);
  for (const { name, data } of entries) {
    const expected = buffers[name] ? decode(buffers[name]) : data;
    const bound = buffers[name] ? tolerance : 0; // everything off the path stays as it was
    const what = `${name} after recalibration (${kernels})`;
    assertClose(now.get(name)!.data, expected, bound, what, vanishing(name, buffers));
  }
  assertClose((await net.forward(validation, architecture)).data, decode(logits), tolerance, 'logits');
  const validated = await net.validate([validation], architecture);
  assertClose([validated.loss], [loss], tolerance, 'validated loss');
  assert.equal(validated.correct, correct);
  assert.equal(validated.images, labels.length);
}

addon(); // a missing addon fails here, with its hint, and not in every test

describe('stored vectors of PyTorch', () => comparisons(VECTORS));

const python = spawnSync('python3', ['-c', 'import torch'], { encoding: 'utf8' });
const skip = python.status === 0 ? false : 'python3 has no torch here: compared with the stored vectors only';

describe('PyTorch on the spot', { skip }, () => {
  if (skip) return;
  const folder = temporaryFolder();
  const script = join(packageRoot(), 'scripts', 'make-vectors.py');
  const made = spawnSync('python3', [script, '--out', folder, '--seed', '1'], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  comparisons(folder);
});
