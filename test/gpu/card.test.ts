/*
 * What only a GPU can show. Without one the tests are skipped; SINGLEPATH_TEST_DEVICE=cpu runs those that a CPU can take, to
 * check the tests themselves. scripts/gpu-check runs them on a machine with a card.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/core/packageRoot.js';
import { RandomStream } from '../../src/core/rng.js';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { NativeBatch, TensorEntry } from '../../src/runtime/native.js';
import { defineSpace, fixed } from '../../src/space/define.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet, type SupernetOptions } from '../../src/supernet/supernet.js';
import { assertClose, byName, changed } from '../native/compare.js';
import { mixedSpace, quantSpace, shuffleNetSpace, widthSpace } from '../native/networks.js';
import { randomArchitectures, randomBatch, STEP } from '../native/setup.js';

const device = process.env.SINGLEPATH_TEST_DEVICE ?? 'cuda';
const onCard = device !== 'cpu';
const skip = onCard && addon().devices().length < 2 ? 'no CUDA device here' : false;
const card = (name: string, body: () => void | Promise<void>, needed = onCard) =>
  test(name, { skip: skip || (!needed ? 'only a card can show it' : false), timeout: 120_000 }, body);
const anywhere = (name: string, body: () => void | Promise<void>) => card(name, body, true);

const sposSpace = (size: number) => getSpace('spos-shufflenet-v2', { size, classes: 10 });
const SPACES = [mixedSpace(), shuffleNetSpace(), widthSpace(), quantSpace('lsq', 'lsq', [1, 2, 4, 32])].map(
  withoutDropout,
);
const macro = getSpace('nas-bench-macro', { size: 32, classes: 10 });
const small = withoutDropout(shuffleNetSpace());
/** Op by op on a CPU, which is the reference, and with the kernels of a card there. */
const on = (where: string, space: SearchSpace, more: SupernetOptions = {}) =>
  new Supernet(space, { device: where, kernels: where === 'cpu' ? 'aten' : 'fused', seed: 3, ...more });

/** A BatchNorm with an activation behind it, between convolutions. */
function normSpace(channels: number, size: number, activation: nn.Activation | null, affine: boolean) {
  const body: [nn.Module, ...nn.Module[]] = [nn.conv2d({ out: channels }), nn.batchNorm({ affine })];
  if (activation !== null) body.push(nn.activation(activation));
  return defineSpace({
    name: `norm of ${channels} channels, ${size} pixels, ${activation}`,
    input: { channels: 3, size },
    classes: 4,
    layers: [
      fixed('body', ...body, nn.conv2d({ out: 5 }), nn.averagePool()),
      fixed('fc', nn.linear({ out: 4 })),
    ],
  });
}

/** Masks differ between devices. */
function withoutDropout(space: SearchSpace): SearchSpace {
  const layers = space.layers.map((layer) => ({
    ...layer,
    choices: layer.choices.map((choice) => ({
      ...choice,
      graph: { nodes: choice.graph.nodes.map((node) => (node.op === 'dropout' ? { ...node, p: 0 } : node)) },
    })),
  }));
  return { ...space, layers };
}

function pixels(space: SearchSpace, count: number, seed: number): NativeBatch {
  const { channels, size } = space.input;
  const images = new Uint8Array(count * channels * size * size);
  if (count <= 256) for (let i = 0; i < images.length; i++) images[i] = (i * 2654435761 + seed * 97) >>> 24;
  return new (addon().Batch)({
    images,
    shape: [count, channels, size, size],
    labels: Array.from({ length: count }, (_, i) => (i * 7 + seed) % space.classes),
    mean: Array(channels).fill(0.45),
    std: Array(channels).fill(0.25),
  });
}

async function gradientsOn(
  where: string,
  space: SearchSpace,
  path: number[],
  batch: NativeBatch,
  more?: SupernetOptions,
) {
  using net = on(where, space, more);
  return await net.gradients(batch, path, STEP);
}

async function train(net: Supernet, space: SearchSpace, from: number, to: number): Promise<void> {
  const paths = randomArchitectures(space, to, 8);
  const options = { ...STEP, learningRate: 0.02, clipGradientNorm: 5 };
  for (let i = from; i < to; i++) await net.step(pixels(space, 64, i), paths[i]!, options);
}

describe('numbers', () => {
  anywhere('loss, logits and every gradient are the CPU’s: float32 is float32, not TF32', async () => {
    for (const space of SPACES) {
      for (const path of randomArchitectures(space, 3, 1)) {
        const batch = randomBatch(space, 16, 5);
        const own = await gradientsOn(device, space, path, batch);
        const theirs = await gradientsOn('cpu', space, path, batch);
        assertClose([own.loss], [theirs.loss], 2e-5, `loss of ${space.name}`);
        assertClose(own.logits.data, theirs.logits.data, 1e-4, `logits of ${space.name}`);
        const expected = byName(theirs.gradients) as Map<string, TensorEntry>;
        for (const { name, data } of own.gradients) {
          assertClose(data, expected.get(name)!.data, 2e-3, `${space.name}: ${name}`);
        }
      }
    }
  });

  anywhere('BatchNorm with an activation: any channels, few rows and many', async () => {
    const cases = [1, 2, 3, 10, 58, 64, 104, 257, 1030].map((channels, i) => ({
      channels,
      size: i % 2 === 0 ? 8 : 24, // 1,024 and 9,216 rows
      affine: i % 3 !== 0,
    }));
    for (const [i, activation] of [null, ...nn.ACTIVATIONS].entries()) {
      // Each kind of kernel takes a second or two to compile.
      for (const { channels, size, affine } of cases.slice(i, i + 3)) {
        const space = normSpace(channels, size, activation, affine);
        const batch = randomBatch(space, 16, 5);
        const path: number[] = [];
        const own = await gradientsOn(device, space, path, batch);
        const theirs = await gradientsOn('cpu', space, path, batch);
        assertClose(own.logits.data, theirs.logits.data, 2e-5, `logits of ${space.name}`);
        const expected = byName(theirs.gradients) as Map<string, TensorEntry>;
        for (const { name, data } of own.gradients) {
          assertClose(data, expected.get(name)!.data, 2e-4, `${space.name}: ${name}`);
        }
        const half = await gradientsOn(device, space, path, batch, { precision: 'bf16' });
        assertClose(half.logits.data, theirs.logits.data, 4e-2, `logits of ${space.name} in bf16`);
      }
    }
  });

  anywhere('running averages and recalibrated statistics are the CPU’s', async () => {
    for (const [space, size] of [
      [normSpace(58, 8, 'relu', true), 1024],
      [normSpace(58, 24, 'hswish', true), 9216],
      [small, 0],
    ] as const) {
      const states: TensorEntry[][] = [];
      for (const where of [device, 'cpu']) {
        using net = on(where, space);
        const path = space.genes.map(() => 0);
        for (let i = 0; i < 3; i++) await net.step(randomBatch(space, 16, i), path, STEP);
        states.push(await net.state());
        await net.recalibrate([randomBatch(space, 16, 7), randomBatch(space, 9, 8)], path);
        states.push(await net.state());
      }
      for (const [own, theirs] of [
        [states[0]!, states[2]!],
        [states[1]!, states[3]!],
      ]) {
        for (const [i, { name, data }] of own!.entries()) {
          if (!name.includes('running')) continue;
          assertClose(data, theirs![i]!.data, size === 0 ? 2e-3 : 2e-4, `${space.name}: ${name}`);
        }
      }
    }
  });

  anywhere('a mean far from zero costs the variance few digits', async () => {
    const space = normSpace(16, 24, null, false);
    const [own, theirs] = [on(device, space), on('cpu', space)];
    const shape: [number, number, number, number] = [16, 3, 24, 24];
    const stream = new RandomStream(0, 'test', 1);
    const images = Float32Array.from({ length: 16 * 3 * 24 * 24 }, () => 300 + stream.uniform());
    const batch = new (addon().Batch)({ images, shape, labels: Array(16).fill(1) });
    for (const net of [own, theirs]) await net.recalibrate([batch], []);
    const [mine, expected] = [byName(await own.state()), byName(await theirs.state())];
    for (const [name, { data }] of mine) {
      if (name.endsWith('var')) assertClose(data, expected.get(name)!.data, 1e-3, name);
    }
    for (const net of [own, theirs]) net.dispose();
  });

  anywhere('bf16 agrees with the CPU’s bf16 within its rounding', async () => {
    const [path] = randomArchitectures(small, 1, 2);
    const batch = randomBatch(small, 32, 5);
    const own = await gradientsOn(device, small, path!, batch, { precision: 'bf16' });
    const theirs = await gradientsOn('cpu', small, path!, batch, { precision: 'bf16' });
    assertClose(own.logits.data, theirs.logits.data, 4e-2, 'logits');
  });

  anywhere('bytes are normalized as on the CPU', async () => {
    const [path] = randomArchitectures(small, 1, 2);
    const batch = pixels(small, 8, 3);
    const own = await gradientsOn(device, small, path!, batch);
    const theirs = await gradientsOn('cpu', small, path!, batch);
    assertClose(own.logits.data, theirs.logits.data, 2e-4, 'logits');
  });

  anywhere('the losses of 30 steps follow the CPU’s', async () => {
    const losses = async (where: string) => {
      using net = on(where, small);
      const all: number[] = [];
      for (const [i, path] of randomArchitectures(small, 30, 4).entries()) {
        all.push((await net.step(pixels(small, 32, i), path, { ...STEP, learningRate: 0.02 })).loss);
      }
      return all;
    };
    assertClose(await losses(device), await losses('cpu'), 2e-2, 'losses');
  });

  anywhere('scores are the CPU’s, and the same alone, in company, and computed again', async () => {
    const settings = {
      calibration: [pixels(small, 32, 1)],
      validation: [pixels(small, 32, 2), pixels(small, 32, 3)],
    };
    const population = randomArchitectures(small, 12, 6);
    using net = on(device, small);
    using cpu = on('cpu', small);
    const shared = await net.evaluate(population, settings);
    assert.deepEqual(await net.evaluate(population, settings), shared); // of CUDA graphs
    const alone = await net.evaluate(population, { ...settings, share: false });
    const again = await net.evaluate(population, { ...settings, memoryBytes: 1 });
    const theirs = await cpu.evaluate(population, settings);
    assert.deepEqual([shared.correct, shared.top5, shared.loss], [alone.correct, alone.top5, alone.loss]);
    assert.deepEqual([shared.correct, shared.top5, shared.loss], [again.correct, again.top5, again.loss]);
    assertClose(shared.loss, theirs.loss, 1e-4, 'losses');
    using plain = on(device, small, { folded: false });
    assertClose(
      shared.loss,
      (await plain.evaluate(population, settings)).loss,
      1e-4,
      'losses of folded BatchNorm',
    );
  });
});

describe('what the product promises', () => {
  anywhere('the same training twice gives the same bits', async () => {
    const space = sposSpace(64);
    const states: TensorEntry[][] = [];
    for (let i = 0; i < 2; i++) {
      using net = on(device, space);
      await train(net, space, 0, onCard ? 12 : 2);
      states.push(await net.state());
    }
    assert.deepEqual(changed(states[0]!, states[1]!), []);
  });

  anywhere('steps as CUDA graphs are steps op by op, bit for bit', async () => {
    for (const [i, space] of [...SPACES, macro, sposSpace(64)].entries()) {
      const precision = i % 2 === 0 ? 'bf16' : 'fp32';
      using graphs = on(device, space, { precision });
      using opByOp = on(device, space, { precision, graphs: false });
      const paths = randomArchitectures(space, 6, 8);
      for (let step = 0; step < (onCard ? 36 : 3); step++) {
        const batches = (step % 4 === 2 ? [0, 1] : [0]).map((i) => pixels(space, 32, step + 100 * i));
        const path = paths[step % paths.length]!;
        const [own, expected] = [
          await graphs.step(batches, path, { ...STEP, clipGradientNorm: 5 }),
          await opByOp.step(batches, path, { ...STEP, clipGradientNorm: 5 }),
        ];
        assert.deepEqual(own, expected, `${space.name}, ${precision}, step ${step}`);
      }
      assert.deepEqual(changed(await graphs.state(), await opByOp.state()), [], space.name);
      const { recorded, refusal } = await graphs.graphs();
      assert.equal(refusal, null, space.name);
      if (onCard) assert.ok(recorded >= space.layers.length - 1, `${space.name}: ${recorded} graphs`);
    }
  });

  anywhere('state and load go on to the same bits', async () => {
    using one = on(device, small);
    using two = on(device, small, { seed: 9 });
    await train(one, small, 0, 5);
    await two.load(await one.state());
    await train(one, small, 5, 10);
    await train(two, small, 5, 10);
    assert.deepEqual(changed(await one.state(), await two.state()), []);
  });

  anywhere('steps called ahead are those called one by one; one that fails changes nothing', async () => {
    using ahead = on(device, small);
    using waiting = on(device, small);
    const paths = randomArchitectures(small, 8, 4);
    await Promise.all(paths.map((path, i) => ahead.step(pixels(small, 32, i), path, STEP)));
    for (const [i, path] of paths.entries()) await waiting.step(pixels(small, 32, i), path, STEP);
    const before = await ahead.state();
    assert.deepEqual(changed(before, await waiting.state()), []);
    const { channels, size } = small.input;
    const images = new Float32Array(2 * channels * size * size).fill(Number.NaN);
    const bad = new (addon().Batch)({ images, shape: [2, channels, size, size], labels: [0, 1] });
    const outcomes = await Promise.allSettled([
      ahead.step(bad, paths[0]!, STEP),
      ahead.step(pixels(small, 8, 1), paths[1]!, STEP),
    ]);
    const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    assert.deepEqual(codes, ['NON_FINITE_LOSS', 'ABORTED']);
    assert.deepEqual(changed(before, await ahead.state()), []);
  });

  anywhere('weights trained here score the same on the CPU', async () => {
    using one = on(device, small);
    using two = on('cpu', small);
    const [path] = randomArchitectures(small, 1, 2);
    await train(one, small, 0, 5);
    await two.load(await one.state());
    const [own, theirs] = [
      await one.forward(pixels(small, 8, 1), path!),
      await two.forward(pixels(small, 8, 1), path!),
    ];
    assertClose(own.data, theirs.data, 2e-3, 'logits');
  });
});

describe('devices, memory, life', () => {
  test('names that are no device', () => {
    for (const name of [
      'cuda:',
      'cuda:x',
      'cudax',
      'cuda:-1',
      'cuda:1e1',
      'cuda: 0',
      'cuda:+0',
      'cuda:00',
      'gpu',
    ]) {
      assert.throws(() => on(name, small), { code: 'INVALID_ARGUMENT' }, name);
    }
    for (const name of ['cuda:99', 'cuda:70000', 'cuda:4294967295']) {
      assert.throws(() => on(name, small), { code: 'DEVICE_UNAVAILABLE' }, name);
    }
    assert.throws(() => on('cuda:4294967296', small), { code: 'INVALID_ARGUMENT' });
  });

  card('doctor names the card, its memory and its versions', () => {
    assert.match(addon().devices()[1]!.description, /NVIDIA.* GiB, compute capability \d+\.\d, .*cuDNN \d+/);
  });

  card('too large a batch is an error with a hint, and the network goes on', async () => {
    const space = sposSpace(224);
    using net = on(device, space);
    const [path] = randomArchitectures(space, 1, 2);
    await net.step(pixels(space, 2, 1), path!, STEP);
    const before = await net.state();
    await assert.rejects(net.step(pixels(space, 4096, 1), path!, STEP), {
      code: 'OUT_OF_MEMORY',
      hint: /smaller batch/,
    });
    assert.deepEqual(changed(before, await net.state()), []);
    await net.step(pixels(space, 2, 2), path!, STEP);
  });

  card('memory is flat over random paths, counted, and given back', async () => {
    const space = sposSpace(96);
    const memory = () => addon().memory().devices[0]!;
    {
      using net = on(device, space);
      const paths = randomArchitectures(space, 120, 3);
      const batch = pixels(space, 64, 1);
      for (const path of paths.slice(0, 60)) await net.step(batch, path, STEP);
      const { allocated } = memory();
      for (const path of paths.slice(60)) await net.step(batch, path, STEP);
      assert.ok(memory().allocated - allocated < 2 ** 26, `${allocated} bytes, then ${memory().allocated}`);
      assert.ok(memory().peak >= memory().allocated);
    }
    assert.ok(memory().cached < 2 ** 28, `${memory().cached} bytes are kept`);
  });

  const ends = {
    exit: 'process.exit(7)',
    throw: "throw new Error('x')",
    signal: "process.kill(process.pid, 'SIGTERM')",
    end: '',
  };
  const codes = { exit: 7, throw: 1, signal: 'SIGTERM', end: 0 };
  for (const how of ['exit', 'throw', 'signal', 'end'] as const) {
    anywhere(`a process that ends by ${how} with steps under way ends cleanly`, () => {
      const url = (file: string) => pathToFileURL(join(packageRoot(), 'dist', 'src', file)).href;
      const script = `
        const { Supernet } = await import('${url('supernet/supernet.js')}');
        const { getSpace } = await import('${url('space/spaces/catalog.js')}');
        const { addon } = await import('${url('runtime/addon.js')}');
        const space = getSpace('spos-shufflenet-v2', { size: 64, classes: 10 });
        const net = new Supernet(space, { device: '${device}' });
        const images = new Uint8Array(4 * 3 * 64 * 64);
        const batch = new (addon().Batch)({ images, shape: [4, 3, 64, 64], labels: Array(4).fill(1) });
        const step = () => net.step(batch, space.genes.map(() => 1), ${JSON.stringify(STEP)});
        await step();
        for (let i = 0; i < 6; i++) step().catch(() => {});
        setTimeout(() => { ${ends[how]} }, 30);`;
      const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(status ?? signal, codes[how], stderr);
      assert.doesNotMatch(stderr, /terminate called|driver shutting down|core dumped/);
    });
  }
});
