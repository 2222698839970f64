/*
 * What is written for a GPU, on a CPU: SINGLEPATH_CARD_PATH=1 takes the CPU for a card whose results come 2 ms late. So
 * the guarded update, late results, scores that stay on the card and the merging of statistics run where no card is.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch } from '../../src/runtime/native.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { changed } from '../native/compare.js';
import { mixedSpace, quantSpace, shuffleNetSpace, widthSpace } from '../native/networks.js';
import { randomArchitectures, randomBatch, STEP } from '../native/setup.js';

process.env.SINGLEPATH_CARD_PATH = '1'; // before the addon is loaded
const old = /^(1\.|2\.[0-5]\.)/.test(addon().versions().torch) && 'GPUs need libtorch 2.6';
const OPTIONS = { ...STEP, learningRate: 0.02, clipGradientNorm: 1 };
const broken = ({ channels, size }: { channels: number; size: number }, count = 2): NativeBatch =>
  new (addon().Batch)({
    images: new Float32Array(count * channels * size * size).fill(Number.NaN),
    shape: [count, channels, size, size],
    labels: Array.from({ length: count }, () => 0),
  });

test('the properties of steps and scores, and PyTorch’s numbers, hold there too', { skip: old }, () => {
  const files = ['properties', 'torch', 'calibration'].map((name) =>
    join(packageRoot(), 'dist', 'test', 'native', `${name}.test.js`),
  );
  const names = [
    'channel search: the update inside the slice',
    'a step changes its path alone',
    'NON_FINITE_LOSS',
    'optimizer steps on changing paths',
    'recalibration pools the values',
    'statistics do not depend on the cut',
    'one value per channel',
  ];
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--test', '--test-reporter=tap', ...names.map((name) => `--test-name-pattern=${name}`), ...files],
    { encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined, OMP_NUM_THREADS: '1' } },
  );
  assert.equal(status, 0, stdout);
  assert.ok(Number(stdout.match(/^# pass (\d+)/m)?.[1]) >= 12, stdout.slice(-300));
});

for (const space of [shuffleNetSpace(), widthSpace()]) {
  describe(`steps in flight: ${space.name}`, { skip: old }, () => {
    const paths = randomArchitectures(space, 6, 1);
    const batches = paths.map((_, i) => randomBatch(space, 8, i));

    test('called ahead or one by one, they are the same steps, bit for bit', async () => {
      using ahead = new Supernet(space, { kernels: 'aten', seed: 3 });
      using waiting = new Supernet(space, { kernels: 'aten', seed: 3 });
      const order: number[] = [];
      const results = await Promise.all(
        paths.map(async (path, i) => {
          const result = await ahead.step(batches[i]!, path, OPTIONS);
          order.push(i);
          return result;
        }),
      );
      for (const [i, path] of paths.entries()) {
        assert.deepEqual(results[i], await waiting.step(batches[i]!, path, OPTIONS));
      }
      assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
      assert.deepEqual(changed(await ahead.state(), await waiting.state()), []);
    });

    test('a step that fails changes nothing, nor do those called behind it; then it goes on', async () => {
      using net = new Supernet(space, { kernels: 'aten', seed: 3 });
      await net.step(batches[0]!, paths[0]!, OPTIONS);
      const before = await net.state();
      const [failed, behind, later] = await Promise.allSettled([
        net.step(broken(space.input), paths[1]!, OPTIONS),
        net.step(batches[2]!, paths[2]!, OPTIONS),
        net.step(batches[3]!, paths[3]!, OPTIONS),
      ]);
      const code = (outcome: PromiseSettledResult<unknown>) =>
        outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'done';
      assert.deepEqual([failed!, behind!, later!].map(code), ['NON_FINITE_LOSS', 'ABORTED', 'ABORTED']);
      assert.deepEqual(changed(before, await net.state()), []);
      const { loss } = await net.step(batches[2]!, paths[2]!, OPTIONS);
      assert.ok(Number.isFinite(loss));
      assert.notDeepEqual(changed(before, await net.state()), []);
    });
  });
}

describe('training steps as recordings', { skip: old }, () => {
  for (const space of [
    shuffleNetSpace(), // with dropout in its head
    widthSpace(),
    mixedSpace(),
    quantSpace('lsq', 'lsq', [1, 2, 4, 32]),
  ]) {
    test(`${space.name}: the bits of steps op by op`, async () => {
      using recorded = new Supernet(space, { kernels: 'aten', seed: 3 });
      using opByOp = new Supernet(space, { kernels: 'aten', seed: 3, graphs: false });
      const few = randomArchitectures(space, 4, 2);
      for (let i = 0; i < 16; i++) {
        // Now and then a smaller batch, or two batches in one step: these run op by op.
        const batches = i === 9 ? [randomBatch(space, 5, i)] : [randomBatch(space, 8, i)];
        if (i === 11) batches.push(randomBatch(space, 8, 100));
        const path = few[i % few.length]!;
        const [own, expected] = [
          await recorded.step(batches, path, OPTIONS),
          await opByOp.step(batches, path, OPTIONS),
        ];
        assert.deepEqual(own, expected, `step ${i}`);
      }
      assert.deepEqual(changed(await recorded.state(), await opByOp.state()), []);
      const { recorded: count, refusal } = await recorded.graphs();
      assert.ok(count >= space.layers.length - 1, `${count} recordings`);
      assert.equal(refusal, null);
      assert.deepEqual(await opByOp.graphs(), { recorded: 0, refusal: null });
    });
  }

  test('scores: op by op and recorded, shared and alone', async () => {
    for (const space of [shuffleNetSpace(), widthSpace()]) {
      using recorded = new Supernet(space, { kernels: 'aten', seed: 3 });
      using opByOp = new Supernet(space, { kernels: 'aten', seed: 3, graphs: false });
      const population = randomArchitectures(space, 7, 5);
      const settings = {
        calibration: [8, 8, 5].map((count, i) => randomBatch(space, count, i)),
        validation: [8, 3].map((count, i) => randomBatch(space, count, 10 + i)),
      };
      const { layersRun: _, ...expected } = await opByOp.evaluate(population, settings);
      for (const share of [true, true, false, true]) {
        const { layersRun: __, ...scores } = await recorded.evaluate(population, { ...settings, share });
        assert.deepEqual(scores, expected);
      }
      assert.ok((await recorded.graphs()).recorded >= 2 * space.layers.length);
      assert.deepEqual((await recorded.evaluate([population[3]!], settings)).loss, [expected.loss[3]]);
    }
  });

  test('the largest batch is the one that is recorded, also where it was not the first', async () => {
    const space = widthSpace();
    using net = new Supernet(space, { kernels: 'aten', seed: 3 });
    const [path] = randomArchitectures(space, 1, 1);
    for (const count of [3, 8, 8]) await net.step(randomBatch(space, count, count), path!, OPTIONS);
    const { recorded } = await net.graphs();
    assert.ok(recorded >= space.layers.length - 1, `${recorded} recordings`);
    await net.step(randomBatch(space, 3, 1), path!, OPTIONS);
    assert.equal((await net.graphs()).recorded, recorded);
  });

  for (const space of [shuffleNetSpace(), mixedSpace(), quantSpace('lsq', 'lsq', [1, 2, 4, 32])]) {
    test(`${space.name}: what comes between steps changes none of them`, async () => {
      const run = async (graphs: boolean) => {
        using net = new Supernet(space, { kernels: 'aten', seed: 3, graphs });
        const few = randomArchitectures(space, 3, 2);
        const first = await net.state();
        const step = (i: number) => net.step(randomBatch(space, 8, i), few[i % 3]!, OPTIONS);
        const evaluate = (counts: number[], signal?: AbortSignal, onProgress = () => {}) =>
          net.evaluate(few, {
            calibration: counts.map((count, i) => randomBatch(space, count, 50 + i)),
            validation: [randomBatch(space, 7, 70), randomBatch(space, 2, 71)],
            ...{ signal, onProgress },
          });
        const interrupted = async () => {
          const controller = new AbortController();
          // It may be over before it hears of it.
          await evaluate([8, 3], controller.signal, () => controller.abort()).catch(() => {});
        };
        const work: (() => Promise<unknown>)[] = [
          ...[0, 1, 2, 3, 4, 5].map((i) => () => step(i)),
          () => net.load(first),
          () => step(6),
          () => evaluate([8, 3, 5]),
          () => step(7),
          () => net.gradients(randomBatch(space, 8, 99), few[0]!, OPTIONS),
          () => net.step(broken(space.input, 8), few[1]!, OPTIONS),
          () => evaluate([8, 3, 5]),
          interrupted,
          () => evaluate([1, 1]),
          () => evaluate([8, 3, 5]),
          () => net.recalibrate([randomBatch(space, 8, 90), randomBatch(space, 3, 91)], few[2]!),
          () =>
            Promise.allSettled([
              step(8),
              evaluate([4]),
              step(9),
              net.step(broken(space.input, 8), few[0]!, OPTIONS),
              step(10),
            ]),
          () => step(11),
        ];
        const outcomes: unknown[] = [];
        for (const one of work) outcomes.push(await one().catch(({ code }) => code));
        return JSON.stringify({ outcomes, state: await net.state() }, (key, value) =>
          key === 'layersRun' ? undefined : ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value,
        );
      };
      assert.equal(await run(true), await run(false));
    });
  }

  test('a loss that is not finite, and the step after it', async () => {
    const space = shuffleNetSpace();
    using net = new Supernet(space, { kernels: 'aten', seed: 3 });
    const [path] = randomArchitectures(space, 1, 1);
    for (let i = 0; i < 3; i++) await net.step(randomBatch(space, 2, i), path!, OPTIONS);
    const before = await net.state();
    await assert.rejects(net.step(broken(space.input), path!, OPTIONS), { code: 'NON_FINITE_LOSS' });
    assert.deepEqual(changed(before, await net.state()), []);
    await net.step(randomBatch(space, 2, 5), path!, OPTIONS);
    assert.notDeepEqual(changed(before, await net.state()), []);
  });
});

test('a step calls few operators: none for each parameter beside forward and backward', {
  skip: old,
}, async () => {
  const space = shuffleNetSpace();
  using net = new Supernet(space, { kernels: 'aten', seed: 3 });
  const [path] = randomArchitectures(space, 1, 1);
  const batch = randomBatch(space, 8, 1);
  for (let i = 0; i < 2; i++) await net.step(batch, path!, OPTIONS); // the first makes momenta
  const count = async (work: () => Promise<unknown>) => {
    const start = addon().operators();
    await work();
    return addon().operators() - start;
  };
  const nodes = space.layers.reduce(
    (sum, { choices, gene }) => sum + choices[gene === undefined ? 0 : path![gene]!]!.graph.nodes.length,
    0,
  );
  const step = await count(() => net.step(batch, path!, OPTIONS));
  // Forward and backward: an operator or two each way and an accumulation for each node. All else: images, loss, hits,
  // clipping, the update, running averages and what is read back, 40 together however large the network is.
  assert.ok(step <= 6 * nodes + 60, `${step} operators for ${nodes} nodes`);
});
