import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { SinglePathError } from '../../src/core/errors.js';
import { RunDirectory } from '../../src/run/directory.js';
import { readEvents } from '../../src/run/events.js';
import { UniformSampler } from '../../src/sampling/uniform.js';
import type { Recipe } from '../../src/train/recipe.js';
import { retrain } from '../../src/train/retrain.js';
import { trainSupernet } from '../../src/train/supernet.js';
import { freshPath, tinySpace } from '../run/fixtures.js';
import { FakeBatch, FakeLoader, FakeNetwork } from './fakes.js';

const recipe: Recipe = {
  steps: 40,
  accumulate: 1,
  learningRate: 0.1,
  schedule: 'linear',
  warmupSteps: 0,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 0,
  labelSmoothing: 0,
  clipGradientNorm: 0,
  checkpointEvery: 7,
  logEvery: 5,
};
const space = tinySpace();
const seed = 3;

interface Attempt {
  recipe?: Partial<Recipe>;
  path?: string;
  /** Raised after so many steps of this process. */
  abortAfter?: number;
  batchesPerEpoch?: number;
  network?: FakeNetwork;
  /** Called after each step of this process. */
  onStep?: (step: number) => void;
}

/** One process' worth of training: a new network, the same run directory. */
async function train(attempt: Attempt) {
  const network = attempt.network ?? new FakeNetwork(space);
  const controller = new AbortController();
  let steps = 0;
  using run =
    attempt.path === undefined
      ? undefined
      : await RunDirectory.open(attempt.path, { kind: 'train', space, config: {}, resume: true });
  const result = await trainSupernet({
    supernet: network,
    loader: new FakeLoader(attempt.batchesPerEpoch ?? 6),
    sampler: new UniformSampler(space, seed),
    recipe: { ...recipe, ...attempt.recipe },
    seed,
    run,
    signal: controller.signal,
    onProgress: () => {
      if (++steps === attempt.abortAfter) controller.abort();
      attempt.onStep?.(steps);
    },
  });
  return { network, result };
}

test('each step gets its path, its batches across epochs, its learning rate and its own dropout key', async () => {
  const { network } = await train({ recipe: { steps: 10, accumulate: 3 }, batchesPerEpoch: 4 });
  const loader = new FakeLoader(4);
  const sampler = new UniformSampler(space, seed);
  assert.equal(network.calls.length, 10);
  for (const [step, call] of network.calls.entries()) {
    assert.deepEqual(call.architecture, sampler.at(step));
    assert.deepEqual(
      call.batches,
      [0, 1, 2].map((i) => loader.valueOf(3 * step + i)),
    );
    assert.equal(call.options.learningRate, 0.1 * (1 - step / 10));
  }
  const keys = new Set(network.calls.map(({ options }) => options.randomKey.join()));
  assert.equal(keys.size, 10);
  assert.equal(FakeBatch.alive, 0);
});

test('without a run directory nothing is written and the result has no checkpoint', async () => {
  const { result } = await train({});
  assert.equal(result.checkpoint, null);
  assert.ok(result.loss! > 0);
});

const reference = async (over: Partial<Recipe> = {}) => {
  const path = freshPath();
  const { network, result } = await train({ path, recipe: over });
  return { path, network, result };
};
const resultOf = (path: string) => readFileSync(join(path, 'result.json'), 'utf8');

test('stopping at any steps and resuming gives the bit-identical weights, momenta and result', async () => {
  const stops = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 4 });
  const every = fc.integer({ min: 1, max: 50 });
  await fc.assert(
    fc.asyncProperty(
      stops,
      every,
      fc.integer({ min: 1, max: 3 }),
      async (aborts, checkpointEvery, accumulate) => {
        const whole = await reference({ accumulate });
        const path = freshPath();
        for (const abortAfter of aborts) {
          const attempt = train({ path, abortAfter, recipe: { checkpointEvery, accumulate } });
          await assert.rejects(attempt, { code: 'ABORTED', hint: /--resume/ });
        }
        const { network } = await train({ path, recipe: { checkpointEvery, accumulate } });
        assert.deepEqual(await network.state(), await whole.network.state());
        assert.equal(resultOf(path), resultOf(whole.path));
        assert.equal(FakeBatch.alive, 0);
      },
    ),
    { numRuns: 25 },
  );
});

test('events tell the run as if it had never stopped', async () => {
  const whole = await reference();
  const path = freshPath();
  await assert.rejects(train({ path, abortAfter: 13 }));
  await train({ path });
  const steps = (run: string) =>
    readEvents(join(run, 'events.jsonl'))
      .filter(({ type }) => type === 'step')
      .map(({ step, loss, accuracy, learningRate }) => ({ step, loss, accuracy, learningRate }));
  assert.deepEqual(steps(path), steps(whole.path));
  assert.deepEqual(
    steps(path).map(({ step }) => step),
    [5, 10, 15, 20, 25, 30, 35, 40],
  );
});

test('a damaged checkpoint: the one before it is used, and an event says so', async () => {
  const whole = await reference();
  const path = freshPath();
  await assert.rejects(train({ path, abortAfter: 19 })); // step 20 was called meanwhile
  const newest = join(path, 'checkpoints', 'step-0000020');
  assert.ok(existsSync(newest));
  truncateSync(join(newest, 'weights.safetensors'), 50);
  const { network } = await train({ path });
  assert.deepEqual(await network.state(), await whole.network.state());
  const events = readEvents(join(path, 'events.jsonl'));
  assert.match(String(events.find(({ type }) => type === 'skipped')?.error), /weights\.safetensors/);
  assert.equal(events.find(({ type }) => type === 'resumed')?.step, 14);
});

test('weights that a step has destroyed are not saved: not as a result, and not to go on from', async () => {
  // Beyond float32: the loss of the step is finite, its weights are not.
  const over = { checkpointEvery: 1, learningRate: 1e300, schedule: 'constant' as const };
  for (const steps of [1, 4]) {
    const path = freshPath();
    await assert.rejects(train({ path, recipe: { ...over, steps } }), {
      code: 'NON_FINITE_LOSS',
      message: /Expected finite weights after step 1 but '.*' has others/,
    });
    assert.ok(!existsSync(join(path, 'checkpoints', 'step-0000001')));
    assert.ok(!existsSync(join(path, 'result.json')));
    assert.equal(readEvents(join(path, 'events.jsonl')).at(-1)!.type, 'failed');
  }
});

test('two steps are called before the first is done, and none behind a checkpoint or the end of an epoch', async () => {
  const network = new FakeNetwork(space);
  const step = network.step.bind(network);
  let [running, most] = [0, 0];
  const before: number[] = []; // steps done when each one was called
  let done = 0;
  network.step = async (...call) => {
    before.push(done);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    const result = await step(...call);
    running--;
    done++;
    return result;
  };
  await train({ path: freshPath(), network, recipe: { steps: 10 }, batchesPerEpoch: 4 });
  assert.equal(most, 2);
  // Epochs end after 4 and 8 steps, a checkpoint comes after 7.
  assert.deepEqual(before, [0, 0, 1, 2, 4, 4, 5, 7, 8, 8]);
});

test('of two steps under way the failed one is told, by its number, and nothing comes after it', async () => {
  const network = new FakeNetwork(space);
  const step = network.step.bind(network);
  let called = 0;
  network.step = async (...call) => {
    const number = ++called;
    await new Promise((resolve) => setImmediate(resolve));
    if (number === 3) throw new SinglePathError('NON_FINITE_LOSS', 'not finite');
    if (number > 3) throw new SinglePathError('ABORTED', 'a step before it failed');
    return step(...call);
  };
  const path = freshPath();
  await assert.rejects(train({ path, network }), { code: 'NON_FINITE_LOSS', message: /^Step 3 / });
  assert.ok(called <= 4);
  assert.equal(network.calls.length, 2);
  const { type, step: at } = readEvents(join(path, 'events.jsonl')).at(-1)!;
  assert.deepEqual([type, at], ['failed', 2]);
});

test('a checkpoint that lacks a tensor is refused by name', async () => {
  const path = freshPath();
  await assert.rejects(train({ path, abortAfter: 5 }));
  const network = new FakeNetwork(space);
  const own = network.state.bind(network);
  network.state = async () => [
    ...(await own()),
    { name: 'new.weight', shape: [1], data: new Float32Array(1) },
  ];
  await assert.rejects(train({ path, network }), { code: 'INVALID_CHECKPOINT', message: /'new\.weight'/ });
});

test('a loss that is not finite stops with the step and the path; the checkpoint before stays', async () => {
  const path = freshPath();
  const network = new FakeNetwork(space);
  network.nonFiniteAt = 17;
  const sampled = new UniformSampler(space, seed).at(17).join(',');
  await assert.rejects(train({ path, network }), {
    code: 'NON_FINITE_LOSS',
    message: new RegExp(`^Step 18 on path ${sampled}: `), // 17 are done
    hint: /lower the learning rate/,
  });
  const events = readEvents(join(path, 'events.jsonl'));
  assert.deepEqual([events.at(-1)!.type, events.at(-1)!.step], ['failed', 17]);
  assert.ok(existsSync(join(path, 'checkpoints', 'step-0000014')));
  assert.ok(!existsSync(join(path, 'result.json')));
  assert.equal(FakeBatch.alive, 0);
});

test('a checkpoint that cannot be written ends the run; once it can be, the run goes on to the identical result', async () => {
  const whole = await reference();
  const path = freshPath();
  const checkpoints = join(path, 'checkpoints');
  const network = new FakeNetwork(space);
  const state = network.state.bind(network);
  network.state = async () => {
    if (network.calls.length === 14) {
      // A file in the folder's place: the write fails whoever the user is.
      renameSync(checkpoints, `${checkpoints}.aside`);
      writeFileSync(checkpoints, '');
    }
    return state();
  };
  await assert.rejects(train({ path, network }), { code: 'IO', message: /checkpoints'/ });
  assert.equal(readEvents(join(path, 'events.jsonl')).at(-1)!.type, 'failed');
  rmSync(checkpoints);
  renameSync(`${checkpoints}.aside`, checkpoints);
  const resumed = await train({ path });
  assert.equal(resumed.network.calls.length, 40 - 7);
  assert.deepEqual(await resumed.network.state(), await whole.network.state());
});

/** One process' worth of retraining. */
async function retrainOnce(path: string, abortAfter?: number, batchesPerEpoch = 6, validateEvery = 1) {
  const network = new FakeNetwork({ ...space, genes: [] });
  const controller = new AbortController();
  let steps = 0;
  using run = await RunDirectory.open(path, {
    kind: 'retrain',
    space: network.space,
    config: {},
    resume: true,
  });
  const result = await retrain({
    network,
    loader: new FakeLoader(batchesPerEpoch),
    recipe: { ...recipe, checkpointEvery: 4 },
    seed,
    validateEvery,
    calibration: [new FakeBatch(0.25), new FakeBatch(0.5)],
    validation: [new FakeBatch(0), new FakeBatch(0)],
    run,
    signal: controller.signal,
    onProgress: () => {
      if (++steps === abortAfter) controller.abort();
    },
  });
  return { network, result };
}

test('retraining validates each epoch, keeps the best weights, and ends with exact statistics', async () => {
  const path = freshPath();
  const { network, result } = await retrainOnce(path);
  assert.equal(network.buffer[0], 0.375); // the mean over the calibration batches, not the moving average
  const validations = readEvents(join(path, 'events.jsonl')).filter(({ type }) => type === 'validation');
  assert.deepEqual(
    validations.map(({ step }) => step),
    [6, 12, 18, 24, 30, 36, 40],
  );
  const accuracies = validations.map(({ accuracy }) => accuracy as number);
  assert.equal(result.best.accuracy, Math.max(...accuracies));
  assert.equal(result.last.accuracy, accuracies.at(-1));
  const best = JSON.parse(readFileSync(join(path, 'checkpoints', 'best', 'state.json'), 'utf8'));
  assert.equal(best.step, result.best.step);
});

test('retraining validates every N epochs, also where a step ends more than one', async () => {
  for (const [batchesPerEpoch, every, expected] of [
    [6, 2, [12, 24, 36, 40]],
    [1 / 2, 15, [8, 15, 23, 30, 38, 40]],
  ] as const) {
    const path = freshPath();
    await retrainOnce(path, undefined, batchesPerEpoch, every);
    const validations = readEvents(join(path, 'events.jsonl')).filter(({ type }) => type === 'validation');
    assert.deepEqual(
      validations.map(({ step }) => step),
      expected,
    );
  }
});

test('retraining stopped anywhere, also at the end of an epoch, resumes to the identical result', async () => {
  const whole = freshPath();
  const { network: reference } = await retrainOnce(whole);
  for (const stops of [[6], [5, 1], [12, 6, 6], [1, 2, 3, 4, 5], [39], [40]]) {
    const path = freshPath();
    for (const stop of stops) await assert.rejects(retrainOnce(path, stop), { code: 'ABORTED' });
    const { network } = await retrainOnce(path);
    assert.deepEqual(await network.state(), await reference.state());
    assert.equal(resultOf(path), resultOf(whole));
    const best = (run: string) => readFileSync(join(run, 'checkpoints', 'best', 'weights.safetensors'));
    assert.deepEqual(best(path), best(whole));
  }
});

test('a run directory that is deleted meanwhile ends the training with an error, and is not half made anew', async () => {
  for (const deleteAfter of [1, 6, 7, 13, 39]) {
    const path = freshPath();
    const onStep = (step: number) => step === deleteAfter && rmSync(path, { recursive: true });
    await assert.rejects(
      train({ path, onStep }),
      { code: 'IO', message: /was deleted/ },
      `step ${deleteAfter}`,
    );
    assert.equal(existsSync(path), false);
  }
  const path = freshPath();
  const onStep = (step: number) => step === 3 && rmSync(path, { recursive: true });
  await assert.rejects(train({ path, onStep, abortAfter: 4 }), { code: 'IO', message: /was deleted/ });
});
