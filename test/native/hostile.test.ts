import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { imageOptions } from '../../src/data/imageOptions.js';
import { datasetFromArrays, openDataset } from '../../src/data/open.js';
import { populationEvaluator } from '../../src/evaluate/population.js';
import * as nn from '../../src/graph/build.js';
import { addon } from '../../src/runtime/addon.js';
import type { NetworkDescription } from '../../src/runtime/native.js';
import { EvaluationCache } from '../../src/search/cache.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { describeNetwork } from '../../src/supernet/description.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { mixedSpace, quantSpace, twoPathsSpace } from './networks.js';
import { NETWORK, randomBatch, STEP } from './setup.js';

/* What a caller can get wrong: it ends in an error with a code, never in the process. */

const network = (description: unknown) =>
  new (addon().Network)(description as NetworkDescription, NETWORK).dispose();

describe('sizes that overflow', () => {
  test('a product of sizes that wraps to a small number, from JavaScript', async () => {
    // 1 x 384773 x 4 x 11985472001485 is 4 modulo 2^64.
    const shape = [1, 384773, 4, 11985472001485] as [number, number, number, number];
    await assert.rejects(datasetFromArrays({ pixels: Uint8Array.of(1, 2, 3, 4), shape, labels: [0] }), {
      code: 'INVALID_ARGUMENT',
      message: /at most 2\^47 elements for images but received 1 x 384773 x 4 x 11985472001485/,
    });
    const images = Float32Array.of(1, 2, 3, 4);
    assert.throws(() => new (addon().Batch)({ images, shape, labels: [0] }), { code: 'INVALID_ARGUMENT' });
    const negative = [1, -1, -4, 1] as [number, number, number, number];
    assert.throws(() => new (addon().Batch)({ images, shape: negative, labels: [0] }), {
      code: 'INVALID_ARGUMENT',
    });
  });

  test('synthetic images beyond all memory', async () => {
    const shape = [3, 4194304, 4194304] as const;
    await assert.rejects(
      openDataset({ kind: 'synthetic', shape, trainImages: 1048576 }, { split: 'train' }),
      {
        code: 'INVALID_ARGUMENT',
        message: /at most 2\^47 elements for synthetic images/,
      },
    );
  });

  test('shapes of tensors and parameters', async () => {
    const space = twoPathsSpace();
    using net = new Supernet(space);
    const shape = [2 ** 32, 2 ** 32];
    await assert.rejects(net.load([{ name: 'fc.bias', shape, data: new Float32Array(0) }]), {
      code: 'INVALID_ARGUMENT',
      message: /tensor 'fc.bias'/,
    });
    const description = describeNetwork(space);
    description.parameters[0]!.shape = [2 ** 31, 2 ** 31, 4, 1];
    assert.throws(() => network(description), { code: 'INVALID_ARGUMENT', message: /at most 2\^47/ });
  });
});

/** Whatever a path through plain data can reach: [the object, its key]. */
function* places(value: unknown): Generator<[Record<string, unknown>, string]> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  for (const key of Object.keys(value)) {
    yield [value as Record<string, unknown>, key];
    yield* places((value as Record<string, unknown>)[key]);
  }
}

describe('descriptions of networks are checked before anything is built', () => {
  const spaces = [mixedSpace(), quantSpace('lsq', 'pact', [1, 2, 32]), twoPathsSpace()];

  test('each value replaced by others: an error with a code, or a network that works', async () => {
    const others = [
      undefined,
      null,
      -1,
      0,
      1.5,
      7,
      2 ** 40, // more than any memory: a size that can be had would be filled
      2 ** 53,
      Number.NaN,
      '',
      'x',
      [],
      {},
      [[]],
      true,
    ];
    let refused = 0;
    for (const space of spaces) {
      const batch = randomBatch(space, 2, 1);
      const path = Int32Array.from(space.genes, () => 0);
      const count = [...places(JSON.parse(JSON.stringify(describeNetwork(space))))].length;
      for (let place = 0; place < count; place += 3) {
        const other = others[(place / 3) % others.length];
        const description = JSON.parse(JSON.stringify(describeNetwork(space)));
        const [object, key] = [...places(description)][place]!;
        object[key] = other;
        const what = `${space.name}: ${key} = ${String(other)}`;
        try {
          const net = new (addon().Network)(description, NETWORK);
          try {
            await net.step([batch], path, STEP);
            await net.forward(batch, path);
          } finally {
            net.dispose();
          }
        } catch (error) {
          refused++;
          const { code } = error as { code?: string };
          assert.ok(code !== undefined && /^[A-Z_]+$/.test(code), `${what}: ${(error as Error).stack}`);
        }
      }
    }
    assert.ok(refused > 100, `${refused} refused`);
  });

  test('sizes that do not fit together, in fused blocks too', async () => {
    const seq = (...modules: [nn.Module, ...nn.Module[]]) => nn.sequential('s', ...modules);
    const unit = (out: number, stride: number) =>
      seq(nn.conv2d({ out, kernel: 3, stride }), nn.batchNorm(), nn.relu());
    const space = defineSpace({
      name: 'blocks',
      input: { channels: 4, size: 6 },
      classes: 2,
      layers: [
        fixed('sum', nn.residual(unit(4, 1))),
        fixed('both', nn.concat(nn.identity, unit(4, 1))),
        choiceLayer({ choices: { one: unit(4, 1) } }),
        fixed('fc', nn.averagePool(), nn.linear({ out: 2 })),
      ],
    });
    const batch = randomBatch(space, 2, 1);
    for (const kernels of ['aten', 'fused'] as const) {
      for (const mutate of [
        (d: NetworkDescription) => conv(d, 0, { stride: 2 }), // the sum of 3 x 3 and 6 x 6
        (d: NetworkDescription) => conv(d, 0, { out: 3 }), // of 3 and 4 channels
        (d: NetworkDescription) => conv(d, 1, { stride: 2 }), // concatenated with 6 x 6
        (d: NetworkDescription) => parameter(d, /running_mean$/, [1]),
        (d: NetworkDescription) => parameter(d, /running_var$/, [2]),
        (d: NetworkDescription) => parameter(d, /conv2d\.weight$|0\.weight$/, [4, 1, 3, 3]),
      ]) {
        const description = JSON.parse(JSON.stringify(describeNetwork(space))) as NetworkDescription;
        mutate(description);
        const net = new (addon().Network)(description, { ...NETWORK, kernels });
        for (const call of [
          () => net.step([batch], new Int32Array(1), STEP),
          () => net.forward(batch, new Int32Array(1)),
        ]) {
          await call().then(
            () => {},
            (error: Error & { code?: string }) => assert.ok(error.code, error.stack),
          );
        }
        net.dispose();
      }
    }
  });

  function conv(description: NetworkDescription, layer: number, change: object): void {
    const { nodes } = description.layers[layer]!.choices[0]!.graph as { nodes: { op: string }[] };
    Object.assign(nodes.find(({ op }) => op === 'conv2d')!, change);
  }

  function parameter(description: NetworkDescription, name: RegExp, shape: number[]): void {
    for (const spec of description.parameters) if (name.test(spec.name)) spec.shape = shape;
  }
});

/** A data set as native code hands it out. */
const openNative = () =>
  addon().openDataset(
    { format: 'arrays', pixels: new Uint8Array(4), shape: [1, 1, 2, 2], labels: new Int32Array(1) },
    imageOptions({ kind: 'arrays' } as never),
  );

describe('handles', () => {
  test('getters and methods called on another object', async () => {
    const { Batch } = addon();
    const batch = randomBatch(twoPathsSpace(), 2, 1);
    using dataset = await datasetFromArrays({ pixels: new Uint8Array(4), shape: [1, 1, 2, 2], labels: [0] });
    const native = Reflect.get(dataset.loader({ batchSize: 1 }), 'constructor') as unknown;
    const opened = await openNative();
    const cancel = new (addon().Cancel)();
    const foreign = [{}, [], null, 1, 'x', native, opened, cancel, Batch, Object.create(batch)];
    const net = new (addon().Network)(describeNetwork(twoPathsSpace()), NETWORK);
    const stopwatch = new (addon().Stopwatch)({ ...NETWORK, batch: 1 });
    for (const own of [batch, opened, net, stopwatch, cancel]) {
      const others = [...foreign, batch, net, stopwatch].filter((one) => one !== own);
      for (const member of Object.values(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(own)))) {
        if (member.value === own.constructor) continue;
        const call = (member.get ?? member.value) as (this: unknown) => unknown;
        for (const other of others) assert.throws(() => call.call(other), Error);
      }
    }
    net.dispose();
    stopwatch.dispose();
    opened.dispose();
  });

  test('constructors that only native code may call', async () => {
    const opened = await openNative();
    for (const argument of [undefined, {}, opened, 1]) {
      assert.throws(() => Reflect.construct(opened.constructor, [argument]), { code: 'INVALID_ARGUMENT' });
    }
    opened.dispose();
  });
});

describe('TorchScript sources', () => {
  const serialize = (source: string, path = '') =>
    addon().serializeScript({ modules: [{ path, type: 'Net', source }], tensors: [] });

  test('nesting that would use up the stack', async () => {
    const deep = (open: string, close: string, count: number) =>
      `def forward(self, x):\n  return ${open.repeat(count)}x${close.repeat(count)}\n`;
    const sources = [
      deep('(', ')', 100_000),
      deep('[', ']', 100_000),
      deep('-', '', 100_000),
      deep('x + ', '', 100_000),
      deep('(x +\n', ')', 50_000),
      `def forward(self, x):\n${Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i + 1)}if True:\n`).join('')}`,
    ];
    for (const source of sources) {
      await assert.rejects(async () => serialize(source), { code: 'INVALID_ARGUMENT', message: /nested/ });
    }
    const path = Array.from({ length: 100_000 }, () => 'a').join('.');
    await assert.rejects(async () => serialize('def forward(self, x):\n  return x\n', path), {
      code: 'INVALID_ARGUMENT',
      message: /levels/,
    });
    // The longest statement that is let through does not end the process either.
    const unary = `def forward(self, x):\n  return ${'-'.repeat(3900)}x\n`;
    assert.ok((await serialize(unary)).length > 0);
  });
});

describe('callbacks', () => {
  const space = twoPathsSpace();
  const batches = [randomBatch(space, 4, 1)];
  const settings = { calibration: batches, validation: batches };

  test('that are no functions are refused before the work', async () => {
    using net = new Supernet(space);
    for (const onProgress of [{}, 1, 'x', null]) {
      const wrong = { ...settings, onProgress } as never;
      await assert.rejects(net.evaluate([[0, 0]], wrong), {
        code: 'INVALID_ARGUMENT',
        message: /a function for onProgress/,
      });
    }
    const options = { ...settings, supernet: net, cache: new EvaluationCache(), key: {}, onProgress: {} };
    assert.throws(() => populationEvaluator(options as never), { code: 'INVALID_ARGUMENT' });
  });

  test('an exception inside one rejects the call, which then stops', async () => {
    using net = new Supernet(space);
    let calls = 0;
    const onProgress = () => {
      calls++;
      throw new RangeError('mine');
    };
    await assert.rejects(net.evaluate([[0, 0]], { ...settings, onProgress }), (error) => {
      return error instanceof RangeError && error.message === 'mine';
    });
    assert.equal(calls, 1);
    assert.equal((await net.evaluate([[0, 0]], settings)).images, 4); // usable after
  });

  test('other arguments of the wrong type', async () => {
    using net = new Supernet(space);
    const invalid = { code: 'INVALID_ARGUMENT' };
    for (const wrong of [undefined, null, 1, 'x', {}, () => {}] as never[]) {
      await assert.rejects(net.evaluate(wrong, settings), invalid);
      await assert.rejects(net.evaluate([[0, 0]], wrong), invalid);
      await assert.rejects(net.recalibrate(wrong, [0, 0]), invalid);
      await assert.rejects(net.validate(wrong, [0, 0]), invalid);
      await assert.rejects(net.step(wrong, [0, 0], STEP), invalid);
      await assert.rejects(net.step(batches, wrong, STEP), invalid);
      await assert.rejects(net.step(batches, [0, 0], wrong), invalid);
      await assert.rejects(net.forward(wrong, [0, 0]), invalid);
      await assert.rejects(net.load(wrong), invalid);
      await assert.rejects(net.load([wrong]), invalid);
      await assert.rejects(datasetFromArrays(wrong), invalid);
      assert.throws(() => new (addon().Batch)(wrong), invalid);
      assert.throws(() => new Supernet(wrong), invalid);
    }
  });
});

test('weights that are no finite numbers are refused by name, and nothing is loaded', async () => {
  using net = new Supernet(twoPathsSpace());
  const before = await net.state();
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const entries = before.map((entry) => {
      const data = entry.data.map((old, i) => (entry.name === 'fc.bias' && i === 1 ? value : old + 1));
      return { ...entry, data };
    });
    const code = 'INVALID_CHECKPOINT';
    await assert.rejects(net.load(entries), { code, message: /finite numbers in tensor 'fc\.bias'/ });
    assert.deepEqual(await net.state(), before);
  }
});

describe('memory of an evaluation', () => {
  test('bounds the statistics of a large population, with the same scores', () => {
    // In processes of their own: the peak is that of the process. A BatchNorm of 256 channels takes 4.6 KB.
    const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const code = (memoryBytes: number) => `
      import * as nn from ${here('../../src/graph/build.js')};
      import { choiceLayer, defineSpace, fixed } from ${here('../../src/space/define.js')};
      import { addon, randomArchitectures, randomBatch, Supernet } from ${here('./busy.js')};
      const unit = () => nn.sequential('s', nn.conv2d({ out: 256 }), nn.batchNorm());
      const layer = () => choiceLayer({ choices: { a: unit(), b: unit(), c: unit() } });
      const space = defineSpace({
        name: 'wide', input: { channels: 3, size: 1 }, classes: 2,
        layers: [...Array.from({ length: 8 }, layer), fixed('fc', nn.linear({ out: 2 }))],
      });
      const net = new Supernet(space);
      const batches = [randomBatch(space, 4, 1)];
      const paths = randomArchitectures(space, 3000, 3);
      const settings = { calibration: batches, validation: batches, memoryBytes: ${memoryBytes} };
      const { loss } = await net.evaluate(paths, settings);
      console.log(JSON.stringify({ loss, peak: process.resourceUsage().maxRSS }));`;
    const evaluate = (memoryBytes: number) => {
      const args = ['--input-type=module', '--eval', code(memoryBytes)];
      const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(child.status, 0, child.stderr);
      return JSON.parse(child.stdout) as { loss: number[]; peak: number };
    };
    const [small, large] = [evaluate(4 * 2 ** 20), evaluate(2 ** 30)];
    assert.deepEqual(small.loss, large.loss);
    // About 5,000 distinct prefixes of 4.6 KB are 23 MB; the rest of the process takes the same in both (in KiB).
    assert.ok(large.peak - small.peak > 15 * 2 ** 10, `${small.peak} and ${large.peak} KiB`);
  });
});
