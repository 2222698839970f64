import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SinglePathError } from '../../src/core/errors.js';
import { populationEvaluator } from '../../src/evaluate/population.js';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { EvaluateResult, NativeBatch, StepOptions } from '../../src/runtime/native.js';
import { EvaluationCache } from '../../src/search/cache.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { parametersOf } from '../../src/space/parameters.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName, changed, sameBits } from './compare.js';
import {
  dropoutSpace,
  mixedSpace,
  quantSpace,
  shuffleNetSpace,
  twoPathsSpace,
  widthSpace,
} from './networks.js';
import { KERNELS, randomArchitectures, randomBatch, STEP } from './setup.js';

const SPACES = {
  mixed: mixedSpace(),
  shufflenet: shuffleNetSpace(),
  widths: widthSpace(),
  bits: quantSpace('lsq', 'lsq', [1, 2, 4, 32]),
};

const code =
  (expected: string, message = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof SinglePathError, String(error));
    assert.equal(error.code, expected, error.message);
    assert.match(error.message, message);
    return true;
  };

/** Names of parameters and buffers the path uses: the chosen graph of every layer. */
function namesOnPath(space: SearchSpace, architecture: readonly number[]): Set<string> {
  const layers = space.layers.map(
    ({ gene, choices }) => choices[gene === undefined ? 0 : architecture[gene]!]!,
  );
  const nodes = layers.flatMap(({ graph }) => graph.nodes.map(({ name }) => name));
  const names = parametersOf(space).map(({ name }) => name);
  return new Set(names.filter((name) => nodes.some((node) => name.startsWith(`${node}.`))));
}

/** Where the elements of a slice `part` at the origin lie in a tensor of shape `whole`. */
function offsetsOf(part: readonly number[], whole: readonly number[]): number[] {
  let offsets = [0];
  part.forEach((size, d) => {
    offsets = offsets.flatMap((start) => Array.from({ length: size }, (_, i) => start * whole[d]! + i));
  });
  return offsets;
}

/** A supernet whose momenta exist everywhere and whose buffers are not at their start. */
async function trained(space: SearchSpace, kernels: 'aten' | 'fused', steps = 6): Promise<Supernet> {
  const net = new Supernet(space, { kernels, seed: 3 });
  const architectures = randomArchitectures(space, steps, 9);
  for (const [i, architecture] of architectures.entries()) {
    await net.step(randomBatch(space, 8, 20 + i), architecture, { ...STEP, learningRate: 0.05 });
  }
  return net;
}

for (const kernels of KERNELS) {
  describe(`kernels: ${kernels}`, () => {
    test('a step changes its path alone: values, momenta and buffers elsewhere keep every bit', async () => {
      for (const space of [SPACES.mixed, SPACES.shufflenet]) {
        using net = await trained(space, kernels);
        for (const architecture of randomArchitectures(space, 4, 1)) {
          const before = await net.state();
          await net.step(randomBatch(space, 6, 2), architecture, STEP);
          const path = namesOnPath(space, architecture);
          const touched = changed(before, await net.state()).map((name) => name.replace(/^optimizer\./, ''));
          assert.deepEqual(
            touched.filter((name) => !path.has(name)),
            [],
          );
          // and the path itself did move, down to its last buffer
          const trainable = new Set(
            parametersOf(space)
              .filter((p) => p.trainable)
              .map((p) => p.name),
          );
          assert.deepEqual(
            [...path].filter(
              (name) => !touched.includes(name) && (trainable.has(name) || !name.includes('var')),
            ),
            [],
          );
        }
      }
    });

    test('channel search: values and momenta outside the slice keep every bit', async () => {
      const space = SPACES.widths;
      using net = await trained(space, kernels);
      const before = byName(await net.state());
      await net.step(randomBatch(space, 6, 2), [0, 2], STEP); // 2 of 10 channels in the first block
      const after = byName(await net.state());
      const weight = 'layers.0.0.7.weight'; // reads 2 of 10 channels: [6, 10, 3, 3]
      for (const name of [weight, `optimizer.${weight}`]) {
        const [a, b] = [before.get(name)!.data, after.get(name)!.data];
        for (let i = 0; i < a.length; i++) {
          const inside = Math.floor(i / 9) % 10 < 2;
          assert.equal(Object.is(a[i], b[i]), !inside, `${name}[${i}]`);
        }
      }
      for (const name of ['layers.0.0.1.weight', 'layers.0.0.1.running_mean', 'layers.0.0.6.bias']) {
        const [a, b] = [before.get(name)!.data, after.get(name)!.data];
        assert.ok(sameBits(a.slice(2), b.slice(2)) && !sameBits(a.slice(0, 2), b.slice(0, 2)), name);
      }
    });

    test('channel search: the update inside the slice is the formula of SGD', async () => {
      const space = SPACES.widths;
      for (const nesterov of [false, true]) {
        using net = await trained(space, kernels);
        const batch = randomBatch(space, 6, 2);
        const options = { ...STEP, nesterov };
        const { gradients } = await net.gradients(batch, [0, 1], options);
        const before = byName(await net.state());
        await net.step(batch, [0, 1], options);
        const after = byName(await net.state());
        for (const { name, shape, data: gradient } of gradients) {
          const at = offsetsOf(shape, before.get(name)!.shape);
          const of = (state: typeof before, key: string) => at.map((offset) => state.get(key)!.data[offset]!);
          const value = of(before, name);
          const decay = shape.length > 1 ? options.weightDecay : 0;
          const g = value.map((p, i) => gradient[i]! + decay * p);
          const m = of(before, `optimizer.${name}`).map((old, i) => options.momentum * old + g[i]!);
          const move = nesterov ? g.map((d, i) => d + options.momentum * m[i]!) : m;
          const expected = value.map((p, i) => p - options.learningRate * move[i]!);
          assertClose(of(after, name), expected, 1e-6, name);
          assertClose(of(after, `optimizer.${name}`), m, 1e-6, `momentum of ${name}`);
        }
      }
    });

    test('scores of a population are those of every path alone, whatever order, company and memory', async () => {
      for (const [name, space] of Object.entries(SPACES)) {
        using net = await trained(space, kernels);
        const calibration = [randomBatch(space, 5, 30), randomBatch(space, 7, 31)];
        const validation = [randomBatch(space, 9, 32), randomBatch(space, 4, 33)];
        const evaluate = (paths: number[][], share: boolean, memoryBytes = 2 ** 30) =>
          net.evaluate(paths, { calibration, validation, share, memoryBytes });
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.tuple(...space.genes.map(({ size }) => fc.nat(size - 1))), {
              minLength: 1,
              maxLength: 8,
            }),
            fc.constantFrom(0, 3000, 2 ** 30),
            async (paths, memoryBytes) => {
              const alone = await evaluate(paths, false);
              const shared = await evaluate(paths, true, memoryBytes);
              const single = await evaluate([paths.at(-1)!], true);
              const reversed = await evaluate(paths.toReversed(), true);
              assert.deepEqual(scoresOf(shared), scoresOf(alone), `${name}, ${memoryBytes} bytes`);
              assert.deepEqual(scoresOf(reversed).toReversed(), scoresOf(alone), `${name}, reversed`);
              assert.deepEqual(scoresOf(single)[0], scoresOf(alone).at(-1), `${name}, alone`);
              if (memoryBytes === 2 ** 30) assert.ok(shared.layersRun <= alone.layersRun);
              assert.equal(alone.layersRun, alone.layersAlone);
            },
          ),
          { numRuns: 6, seed: 5 },
        );
      }
    });

    test('evaluating leaves no trace: parameters, momenta and buffers keep every bit', async () => {
      const space = SPACES.mixed;
      using net = await trained(space, kernels);
      const before = await net.state();
      const batches = [randomBatch(space, 6, 40)];
      const paths = randomArchitectures(space, 5, 41);
      await net.evaluate(paths, { calibration: batches, validation: batches });
      await net.validate(batches, paths[0]!);
      await net.forward(batches[0]!, paths[1]!);
      await net.gradients(batches[0]!, paths[2]!, STEP);
      assert.deepEqual(changed(before, await net.state()), []);
    });

    test('steps are a function of weights, batch, path and options', async () => {
      const space = SPACES.mixed;
      using one = await trained(space, kernels);
      using two = await trained(space, kernels);
      assert.deepEqual(changed(await one.state(), await two.state()), []);
    });

    test('the dropout mask depends on randomKey alone', async () => {
      const space = SPACES.mixed;
      using net = new Supernet(space, { kernels });
      const batch = randomBatch(space, 16, 50);
      const path = randomArchitectures(space, 1, 51)[0]!;
      const logits = async (randomKey: [number, number]) =>
        (await net.gradients(batch, path, { ...STEP, randomKey })).logits.data;
      const first = await logits([1, 2]);
      assert.ok(!sameBits(first, await logits([1, 3])), 'low half');
      assert.ok(!sameBits(first, await logits([2, 2])), 'high half');
      assert.ok(sameBits(first, await logits([1, 2])), 'same key, later');
      addon().setThreads(2);
      const parallel = await logits([1, 2]);
      addon().setThreads(1);
      // With other threads sums may round differently, but another mask would change everything.
      assertClose(parallel, first, 1e-4, 'logits with two threads');
    });

    test('the loss of mixed images counts each of their two labels by its share', async () => {
      const space = SPACES.mixed;
      using net = new Supernet(space, { kernels });
      const path = randomArchitectures(space, 1, 71)[0]!;
      const one = randomBatch(space, 8, 72);
      const { channels, size } = space.input;
      const batch = (first: number[], mix?: { share: number; labels: number[] }) =>
        new (addon().Batch)({
          images: one.images(),
          shape: [8, channels, size, size],
          labels: first,
          ...(mix && { mix }),
        });
      const first = Array.from({ length: 8 }, (_, i) => i % space.classes);
      const second = first.map((label) => (label + 1) % space.classes);
      const options = { ...STEP, labelSmoothing: 0.1 };
      const [a, b, mixed] = await Promise.all(
        [batch(first), batch(second), batch(first, { share: 0.3, labels: second })].map((images) =>
          net.gradients(images, path, options),
        ),
      );
      assert.ok(Math.abs(mixed!.loss - (0.3 * a!.loss + 0.7 * b!.loss)) < 1e-5);
      const predicted = first.map((_, i) => {
        const row = Array.from(mixed!.logits.data.slice(i * space.classes, (i + 1) * space.classes));
        return row.indexOf(Math.max(...row));
      });
      const wrong = predicted.map((label) => (label + 1) % space.classes);
      const hits = async (share: number): Promise<number> => {
        using fresh = new Supernet(space, { kernels });
        return (await fresh.step(batch(wrong, { share, labels: predicted }), path, options)).correct;
      };
      assert.deepEqual([await hits(0.3), await hits(0.7)], [8, 0], 'the label with the larger share counts');
      mixed!.gradients.forEach(({ name, data }, i) => {
        const expected = data.map(
          (_, at) => 0.3 * a!.gradients[i]!.data[at]! + 0.7 * b!.gradients[i]!.data[at]!,
        );
        assertClose(data, expected, 1e-4, name);
      });
    });

    test('weights that overflow: NON_FINITE_LOSS with the path, and nothing is updated or scored', async () => {
      const space = SPACES.mixed;
      using net = await trained(space, kernels);
      const path = randomArchitectures(space, 1, 60)[0]!;
      const bias = (await net.state()).find(({ name }) => name === 'fc.bias')!;
      // Finite, but the difference of two logits is not.
      await net.load([{ ...bias, data: bias.data.map((_, i) => (i % 2 === 0 ? 3e38 : -3e38)) }]);
      const before = await net.state();
      const batch = randomBatch(space, 4, 61);
      await assert.rejects(net.step(batch, path, STEP), code('NON_FINITE_LOSS', /finite/));
      await assert.rejects(net.gradients(batch, path, STEP), code('NON_FINITE_LOSS'));
      const settings = { calibration: [batch], validation: [batch] };
      const named = code(
        'NON_FINITE_LOSS',
        new RegExp(`finite loss for path ${path.join()} but received inf`),
      );
      await assert.rejects(net.evaluate([path], settings), named);
      const cache = new EvaluationCache(() => assert.fail('nothing is cached'));
      const key = { supernet: 'broken', setup: '' };
      const evaluator = populationEvaluator({ supernet: net, ...settings, cache, key });
      await assert.rejects(evaluator([path], {}), named);
      assert.equal(cache.get(key, path), undefined);
      await assert.rejects(net.validate([batch], path), named);
      assert.deepEqual(changed(before, await net.state()), []); // running statistics are as before, too
      await net.load([bias]);
      const { loss } = await net.step(batch, path, STEP);
      assert.ok(Number.isFinite(loss), 'the supernet is usable after');
    });

    test('images that are no numbers are not hidden by activations: NON_FINITE_LOSS', async () => {
      const space = SPACES.mixed;
      using net = await trained(space, kernels);
      const path = randomArchitectures(space, 1, 60)[0]!;
      const good = randomBatch(space, 4, 61);
      const images = good.images();
      images[5] = Number.NaN;
      const labels = Array.from(good.labels(), Number);
      const bad = new (addon().Batch)({ images, shape: [4, 3, 8, 8], labels });
      const before = await net.state();
      for (const batches of [[bad], [good, bad]]) {
        await assert.rejects(net.step(batches, path, STEP), code('NON_FINITE_LOSS', /finite/));
        assert.deepEqual(changed(before, await net.state()), []);
      }
      await net.step(good, path, STEP);
    });

    test('bf16 activations: close to float, with float weights', async () => {
      const space = SPACES.shufflenet;
      const path = [0, 3, 2];
      const batch = randomBatch(space, 8, 70);
      using exact = new Supernet(space, { kernels, seed: 4 });
      using rounded = new Supernet(space, { kernels, seed: 4, precision: 'bf16' });
      const [a, b] = await Promise.all([exact, rounded].map((net) => net.gradients(batch, path, STEP)));
      assert.ok(!sameBits(a!.logits.data, b!.logits.data), 'bf16 has an effect');
      assertClose(b!.logits.data, a!.logits.data, 0.1, 'bf16 logits'); // 2^-8 per operation
      let loss = Number.POSITIVE_INFINITY;
      let first: number | undefined;
      for (let i = 0; i < 15; i++) {
        ({ loss } = await rounded.step(batch, path, { ...STEP, learningRate: 0.05 }));
        first ??= loss;
      }
      assert.ok(loss < first! / 2, `bf16 training goes from ${first} to ${loss}`);
      const scores = await rounded.evaluate([path], { calibration: [batch], validation: [batch] });
      assert.ok(scores.loss[0]! < first!);
    });
  });
}

function scoresOf({ correct, top5, loss }: EvaluateResult) {
  return correct.map((value, i) => ({ correct: value, top5: top5[i], loss: loss[i] }));
}

test("a residual that only shares its layer's memory gets its gradient once", async () => {
  const unit = (...behind: nn.Module[]): [nn.Module, ...nn.Module[]] => [
    nn.conv2d({ out: 8, kernel: 3 }),
    nn.batchNorm({ affine: true }),
    ...behind,
  ];
  for (const shortcut of [nn.slice(0), nn.split(1, 0)]) {
    const space = defineSpace({
      name: 'shared',
      input: { channels: 3, size: 12 },
      classes: 4,
      layers: [
        fixed('stem', ...unit(nn.relu())),
        fixed('block', nn.residual(nn.sequential('main', ...unit()), nn.sequential('shortcut', shortcut))),
        fixed('fc', nn.relu(), nn.averagePool(), nn.linear({ out: 4 })),
      ],
    });
    const batch = randomBatch(space, 4, 1);
    const [aten, fused] = await Promise.all(
      KERNELS.map(async (kernels) => {
        using net = new Supernet(space, { kernels, precision: 'fp32' });
        return (await net.gradients(batch, [], STEP)).gradients;
      }),
    );
    for (const { name, data } of aten!) {
      assertClose(fused!.find((other) => other.name === name)!.data, data, 1e-4, name);
    }
  }
});

test('a step whose gradients have no finite norm changes nothing, clipped or not', async () => {
  const space = defineSpace({
    name: 'steep',
    input: { channels: 3, size: 4 },
    classes: 4,
    layers: [fixed('body', nn.conv2d({ out: 4 })), fixed('fc', nn.averagePool(), nn.linear({ out: 4 }))],
  });
  using net = new Supernet(space);
  const steep = (name: string, i: number) =>
    name === 'body.weight' ? 1e-37 * (1 + (i % 5)) : name.endsWith('weight') ? 1e36 * (1 + (i % 7)) : 0;
  await net.load((await net.state()).map((t) => ({ ...t, data: t.data.map((_, i) => steep(t.name, i)) })));
  const before = await net.state();
  const batch = new (addon().Batch)({
    images: Float32Array.from({ length: 96 }, (_, i) => 1000 * (1 + (i % 3))),
    shape: [2, 3, 4, 4],
    labels: [0, 1],
  });
  for (const clipGradientNorm of [1, 0]) {
    await assert.rejects(
      net.step([batch], [], { ...STEP, clipGradientNorm }),
      code('NON_FINITE_LOSS', /finite norm of the gradients/),
    );
    assert.deepEqual(changed(before, await net.state()), []);
  }
});

test('the initial weights are a function of seed and name', async () => {
  const space = SPACES.mixed;
  const state = async (seed: number) => {
    using net = new Supernet(space, { seed });
    return await net.state();
  };
  const first = await state(7);
  assert.deepEqual(changed(first, await state(7)), []);
  const differing = changed(first, await state(8));
  const drawn = parametersOf(space).filter(({ init }) => init.kind === 'normal');
  assert.deepEqual(differing.toSorted(), drawn.map(({ name }) => name).toSorted());
  // Each parameter has the mean and deviation of its specification.
  const all = byName(first);
  for (const { name, shape, init } of drawn) {
    const values = all.get(name)!.data;
    assert.deepEqual(all.get(name)!.shape, shape);
    if (init.kind !== 'normal' || values.length < 100) continue;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    assert.ok(Math.abs(mean - init.mean) < (4 * init.std) / Math.sqrt(values.length), `mean of ${name}`);
    assert.ok(Math.abs(std / init.std - 1) < 4 / Math.sqrt(2 * values.length), `deviation of ${name}`);
  }
});

test('dropout is inverted: kept values grow, so that the mean stays', async () => {
  using net = new Supernet(dropoutSpace());
  await net.load([
    { name: 'fc.weight', shape: [1, 4096], data: new Float32Array(4096).fill(1 / 4096) },
    { name: 'fc.bias', shape: [1], data: new Float32Array(1) },
  ]);
  const images = new Float32Array(4096).fill(1);
  const batch = new (addon().Batch)({ images, shape: [1, 1, 64, 64], labels: [0] });
  const { logits } = await net.gradients(batch, [], { ...STEP, randomKey: [1, 2] });
  // Mean of 4096 values that are 0 or 1 / 0.6: deviation sqrt(0.4 / 0.6 / 4096) = 0.013.
  assert.ok(Math.abs(logits.data[0]! - 1) < 0.05, String(logits.data[0]));
  assert.notEqual(logits.data[0], 1);
  assert.equal((await net.forward(batch, [])).data[0]!.toFixed(4), '1.0000');
});

test('steps of LSQ start at what the graph says, one per bit width', async () => {
  const space = quantSpace('lsq', 'lsq', [1, 2, 4, 32]);
  using net = new Supernet(space);
  const state = new Map((await net.state()).map(({ name, data }) => [name, [...data]]));
  const steps = parametersOf(space).filter(({ init }) => init.kind === 'values');
  assert.ok(steps.length > 0);
  for (const { name, init } of steps) {
    assert.ok(init.kind === 'values');
    assert.deepEqual(state.get(name), init.values.map(Math.fround));
  }
});

describe('what does not fit is refused, and the supernet stays usable', () => {
  const space = twoPathsSpace();
  const batch = (shape: [number, number, number, number], label = 0): NativeBatch =>
    new (addon().Batch)({
      images: new Float32Array(shape.reduce((a, b) => a * b)).fill(0.5),
      shape,
      labels: Array(shape[0]).fill(label),
    });
  const calls: [string, (net: Supernet, batch: NativeBatch) => Promise<unknown>][] = [
    ['step', (net, b) => net.step(b, [0, 0], STEP)],
    ['gradients', (net, b) => net.gradients(b, [0, 0], STEP)],
    ['forward', (net, b) => net.forward(b, [0, 0])],
    ['validate', (net, b) => net.validate([b], [0, 0])],
    ['recalibrate', (net, b) => net.recalibrate([b], [0, 0])],
    ['evaluate', (net, b) => net.evaluate([[0, 0]], { calibration: [b], validation: [b] })],
  ];
  for (const [name, call] of calls) {
    test(`${name}: channels, image size and labels`, async () => {
      using net = new Supernet(space);
      const before = await net.state();
      // Fewer channels would take a slice of the first weights, silently.
      await assert.rejects(
        call(net, batch([2, 1, 5, 5])),
        code('INVALID_ARGUMENT', /\[2, 5, 5\].*two-paths/),
      );
      await assert.rejects(call(net, batch([2, 3, 5, 5])), code('INVALID_ARGUMENT', /\[2, 5, 5\]/));
      await assert.rejects(call(net, batch([2, 2, 4, 5])), code('INVALID_ARGUMENT', /\[2, 5, 5\]/));
      await assert.rejects(call(net, batch([2, 2, 5, 5], 3)), code('INVALID_ARGUMENT', /labels from 0 to 2/));
      assert.deepEqual(changed(before, await net.state()), []);
      await call(net, randomBatch(space, 2, 1));
    });
  }

  test('weights and momenta that are no numbers are refused with the name of the tensor', async () => {
    using net = new Supernet(space);
    await net.step(randomBatch(space, 2, 1), [0, 0], STEP); // momenta exist
    const before = await net.state();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const name of ['fc.bias', 'optimizer.fc.bias', 'stem.1.running_var']) {
        const entry = before.find((one) => one.name === name)!;
        const data = entry.data.with(1, value);
        const named = code('INVALID_CHECKPOINT', new RegExp(`tensor '${name}' but received .* position 1`));
        await assert.rejects(net.load([{ ...entry, data }]), named);
      }
    }
    assert.deepEqual(changed(before, await net.state()), []);
  });

  test('learning rates and other numbers that are none: nothing is updated', async () => {
    using net = new Supernet(space);
    const before = await net.state();
    for (const key of ['learningRate', 'momentum', 'weightDecay', 'clipGradientNorm'] as const) {
      const step = net.step(randomBatch(space, 2, 1), [0, 0], { ...STEP, [key]: Number.NaN });
      await assert.rejects(step, code('INVALID_ARGUMENT', new RegExp(`number for ${key} but received NaN`)));
    }
    const key = net.step(randomBatch(space, 2, 1), [0, 0], { ...STEP, randomKey: [-1, 2 ** 32] });
    await assert.rejects(key, code('INVALID_ARGUMENT', /32-bit numbers for randomKey/));
    assert.deepEqual(changed(before, await net.state()), []);
  });

  test('batches that contradict themselves', () => {
    const make = (source: object) => () => new (addon().Batch)(source as never);
    const images = new Float32Array(8);
    assert.throws(make({ images, shape: [1, 2, 2, 3], labels: [0] }), /Expected 12 values.*received 8/);
    assert.throws(make({ images, shape: [2, 2, 2], labels: [0] }), /shape/);
    assert.throws(make({ images, shape: [1.5, 2, 2, 2], labels: [0] }), /integers for shape.*received 1\.5/);
    assert.throws(make({ images, shape: [2, 1, 2, 2], labels: [0] }), /Expected 2 labels but received 1/);
    assert.throws(make({ images: [1, 2], shape: [1, 1, 1, 2], labels: [0] }), /Uint8Array or Float32Array/);
    assert.throws(make({ images: new Uint8Array(0), shape: [0, 1, 1, 1], labels: [] }), /at least 1/);
    assert.throws(make({ images: new Uint8Array(8), shape: [1, 2, 2, 2], labels: [0], mean: [0] }), /mean/);
    const pixels = { images: new Uint8Array(8), shape: [1, 2, 2, 2], labels: [0] };
    assert.throws(make({ ...pixels, std: [1, 0] }), /positive numbers for std/);
    assert.throws(make({ ...pixels, std: [1, 1e300] }), /numbers for std/); // no float32
    assert.throws(make({ ...pixels, mean: [1, Number.NaN] }), /numbers for mean/);
    // Conversions of JavaScript would make classes of all of these.
    for (const label of [undefined, null, '1', 1.5, Number.NaN, 2 ** 32, -100]) {
      assert.throws(make({ ...pixels, labels: [label] }), /integer from 0 to 2147483647 for label 0/);
    }
    assert.throws(make({ ...pixels, labels: { length: 2 ** 32 + 1 } }), /Expected 1 labels/);
  });

  test('empty lists, other objects and other options', async () => {
    using net = new Supernet(space);
    const good = randomBatch(space, 2, 1);
    await assert.rejects(net.step([], [0, 0], STEP), code('INVALID_ARGUMENT', /at least one batch/));
    await assert.rejects(
      net.step({ shape: [1, 2, 5, 5], labels: () => new BigInt64Array(1) } as never, [0, 0], STEP),
      code('INVALID_ARGUMENT', /a Batch/),
    );
    await assert.rejects(net.step(good, [0, 2], STEP), code('INVALID_ARGUMENT', /gene 1/));
    await assert.rejects(net.step(good, [0], STEP), code('INVALID_ARGUMENT', /2 genes/));
    const incomplete = { ...STEP, momentum: undefined } as unknown as StepOptions;
    await assert.rejects(net.step(good, [0, 0], incomplete), code('INVALID_ARGUMENT', /momentum/));
    const settings = { calibration: [good], validation: [good] };
    await assert.rejects(
      net.evaluate([[0, 0]], { ...settings, memoryBytes: Number.POSITIVE_INFINITY }),
      code('INVALID_ARGUMENT', /integer for memoryBytes/),
    );
    assert.deepEqual((await net.evaluate([], settings)).correct, []);
    for (const options of [{ kernels: 'fussed' }, { precision: 'fp16' }, { device: 'gpu' }, { seed: 1.5 }]) {
      assert.throws(() => new Supernet(space, options as object), code('INVALID_ARGUMENT'));
    }
  });

  test('weights of other names and shapes: none of them is taken', async () => {
    using net = new Supernet(space);
    const before = await net.state();
    const good = { name: 'fc.bias', shape: [3], data: Float32Array.of(1, 2, 3) };
    const load = (entry: object) => net.load([good, entry as typeof good]);
    await assert.rejects(load({ ...good, name: 'fc.bais' }), code('INVALID_CHECKPOINT', /fc\.bais/));
    await assert.rejects(load({ ...good, shape: [1, 3] }), code('INVALID_CHECKPOINT', /fc\.bias/));
    await assert.rejects(load({ ...good, shape: [4] }), code('INVALID_ARGUMENT', /fc\.bias/));
    assert.deepEqual(changed(before, await net.state()), []);
  });
});

test('device: cuda without CUDA is DEVICE_UNAVAILABLE with a way out', { skip: cudaHere() }, () => {
  for (const device of ['cuda', 'cuda:0', 'cuda:3']) {
    assert.throws(
      () => new Supernet(twoPathsSpace(), { device }),
      (error: unknown) => {
        code('DEVICE_UNAVAILABLE', new RegExp(`'${device}'`))(error);
        assert.match((error as SinglePathError).hint!, /device cpu/);
        return true;
      },
    );
  }
  assert.throws(
    () => new Supernet(twoPathsSpace(), { device: 'cuda:x' }),
    code('INVALID_ARGUMENT', /cuda:x/),
  );
});

function cudaHere(): string | false {
  return addon().devices().length > 1 ? 'there is a CUDA device here' : false;
}
