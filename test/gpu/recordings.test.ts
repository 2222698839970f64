/* Layers as recordings (CUDA graphs), on a CPU that is taken for a card: see cardPath.test.ts. There a recording runs again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addon } from '../../src/runtime/addon.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { changed } from '../native/compare.js';
import { mixedSpace, quantSpace, shuffleNetSpace, widthSpace } from '../native/networks.js';
import { brokenBatch, randomArchitectures, randomBatch, STEP } from '../native/setup.js';

process.env.SINGLEPATH_CARD_PATH = '1'; // before the addon is loaded
const old = /^(1\.|2\.[0-5]\.)/.test(addon().versions().torch) && 'GPUs need libtorch 2.6';
const OPTIONS = { ...STEP, learningRate: 0.02, clipGradientNorm: 1 };

describe('layers as recordings', { skip: old }, () => {
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
        // Now and then a smaller batch, which runs op by op, or several batches in one step.
        const batches = [randomBatch(space, i === 9 ? 5 : 8, i)];
        if (i % 5 === 1) batches.push(randomBatch(space, 8, 100 + i), randomBatch(space, 3, 200 + i));
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

  for (const space of [shuffleNetSpace(), widthSpace(), mixedSpace()]) {
    test(`${space.name}: a BatchNorm and its activation as one step are the two ops`, async () => {
      using joined = new Supernet(space, { kernels: 'fused', seed: 3 });
      using apart = new Supernet(space, { kernels: 'aten', seed: 3, graphs: false });
      const paths = randomArchitectures(space, 4, 2);
      for (const [i, path] of [...paths, ...paths].entries()) {
        const batch = randomBatch(space, 8, i);
        const [own, expected] = [
          await joined.step(batch, path, OPTIONS),
          await apart.step(batch, path, OPTIONS),
        ];
        assert.deepEqual(own, expected, `step ${i}`);
      }
      assert.deepEqual(changed(await joined.state(), await apart.state()), []);
      const settings = { calibration: [randomBatch(space, 8, 20)], validation: [randomBatch(space, 8, 21)] };
      assert.deepEqual(await joined.evaluate(paths, settings), await apart.evaluate(paths, settings));
    });

    test(`${space.name}: steps of several batches and of several shards, the bits of steps op by op`, async () => {
      const run = async (graphs: boolean) => {
        using net = new Supernet(space, { kernels: 'aten', seed: 3, graphs });
        const few = randomArchitectures(space, 2, 2);
        const batches = (i: number) => [0, 1, 2, 3].map((k) => randomBatch(space, 8, 4 * i + k));
        const results: unknown[] = [];
        let before = 0;
        for (let i = 0; i < 6; i++) {
          results.push(await net.step(batches(i), few[i % 2]!, OPTIONS));
          if (i === 3) before = (await net.graphs()).recorded;
        }
        for (const tree of [false, true]) {
          const parallel = { group: null, shards: 2, tree, step: 0, stop: false };
          for (let i = 0; i < 4; i++) {
            const { communication: _, ...result } = await net.step(
              batches(i),
              few[i % 2]!,
              OPTIONS,
              parallel,
            );
            results.push(result);
          }
          const bad = [...batches(0).slice(0, 3), brokenBatch(space, 8)];
          const failed = await net.step(bad, few[0]!, OPTIONS, parallel).catch(({ code }) => code);
          assert.equal(failed, 'NON_FINITE_LOSS');
        }
        return { results, state: await net.state(), before, after: (await net.graphs()).recorded };
      };
      const [recorded, opByOp] = [await run(true), await run(false)];
      assert.deepEqual(recorded.results, opByOp.results);
      assert.deepEqual(changed(recorded.state, opByOp.state), []);
      // All was recorded in steps of several batches, and served those of shards.
      assert.ok(recorded.before >= space.layers.length - 1, `${recorded.before} recordings`);
      assert.equal(recorded.after, recorded.before);
      assert.equal(opByOp.after, 0);
    });
  }

  test('recalibrate, validate and forward: op by op and recorded, and the score of the path', async () => {
    for (const space of [shuffleNetSpace(), widthSpace(), mixedSpace()]) {
      using recorded = new Supernet(space, { kernels: 'aten', seed: 3 });
      using opByOp = new Supernet(space, { kernels: 'aten', seed: 3, graphs: false });
      const [path, other] = randomArchitectures(space, 2, 5);
      const calibration = [8, 8, 5].map((count, i) => randomBatch(space, count, i));
      const validation = [8, 8, 3].map((count, i) => randomBatch(space, count, 10 + i));
      const scored = await opByOp.evaluate([path!], { calibration, validation });
      for (let round = 0; round < 3; round++) {
        for (const net of [recorded, opByOp]) {
          await net.step(randomBatch(space, 8, round), other!, { ...OPTIONS, learningRate: 0 });
          await net.recalibrate(calibration, path!);
        }
        assert.deepEqual(changed(await recorded.state(), await opByOp.state()), []);
        const { correct, top5, loss, images } = await recorded.validate(validation, path!);
        assert.deepEqual(await opByOp.validate(validation, path!), { correct, top5, loss, images });
        const { layersRun: _, layersAlone: __, ...score } = scored;
        assert.deepEqual({ correct: [correct], top5: [top5], loss: [loss], images }, score);
        const logits = await recorded.forward(validation[2]!, path!);
        assert.deepEqual(logits, await opByOp.forward(validation[2]!, path!));
      }
      const { recorded: count } = await recorded.graphs();
      assert.ok(count >= 2 * space.layers.length, `${count} recordings`);
    }
  });

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
            signal,
            onProgress,
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
          () => net.step(brokenBatch(space, 8), few[1]!, OPTIONS),
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
              net.step(brokenBatch(space, 8), few[0]!, OPTIONS),
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
    await assert.rejects(net.step(brokenBatch(space), path!, OPTIONS), { code: 'NON_FINITE_LOSS' });
    assert.deepEqual(changed(before, await net.state()), []);
    await net.step(randomBatch(space, 2, 5), path!, OPTIONS);
    assert.notDeepEqual(changed(before, await net.state()), []);
  });
});
