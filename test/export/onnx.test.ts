import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SinglePathError } from '../../src/core/errors.js';
import { openDataset } from '../../src/data/open.js';
import type { ArchitectureFile } from '../../src/export/architectureFile.js';
import { exportSubnet } from '../../src/export/exportSubnet.js';
import { inheritWeights } from '../../src/export/inherit.js';
import { encodeOnnx } from '../../src/export/onnx.js';
import { OnnxNetwork } from '../../src/export/onnxNetwork.js';
import { checkParity } from '../../src/export/parity.js';
import { addScore } from '../../src/export/scoreLogits.js';
import * as nn from '../../src/graph/build.js';
import type { TensorEntry } from '../../src/runtime/native.js';
import { defineSpace, fixed, type LayerSpec } from '../../src/space/define.js';
import { parametersOf } from '../../src/space/parameters.js';
import { getSpace, listSpaces, type SpaceOptions } from '../../src/space/spaces/catalog.js';
import { deriveSubnet } from '../../src/space/subnet.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { randomArchitecture, randomBatch, SPACES, trainedNetwork } from './fixtures.js';

const skip = withoutAddon();
const folder = temporaryFolder();
const written: string[] = [];

/** The ONNX file of a path whose BatchNorms were recalibrated. */
async function onnxOf(
  network: Supernet,
  architecture: Architecture,
  name: string,
  weights?: 'packed',
): Promise<string> {
  const { space } = network;
  await network.recalibrate([randomBatch(space, 8, 100)], architecture);
  const tensors = inheritWeights(space, architecture, await network.state());
  const file = join(folder, `${name}-${weights ?? 'float'}.onnx`);
  writeFileSync(file, encodeOnnx(deriveSubnet(space, architecture), tensors, { weights }));
  written.push(file);
  return file;
}

/** Compares onnxruntime with the op-by-op network, on 1 and on 7 images. */
async function compare(
  network: Supernet,
  architecture: Architecture,
  file: string,
  tolerance = 1e-4,
): Promise<void> {
  using loaded = await OnnxNetwork.load(file);
  for (const images of [1, 7]) {
    const batch = randomBatch(network.space, images, 5);
    const [own, other] = [await network.forward(batch, architecture), await loaded.forward(batch)];
    checkParity(own, other, { tolerance });
  }
}

/**
 * Small inputs of every space of the catalogue, and variants of the quantized ones. A quantized network of many layers amplifies
 * what rounds otherwise, down to features that fall on another level (docs/export.md), so these see images of few pixels:
 * most of them come out the same.
 */
const SMALL: Record<string, () => SearchSpace> = {
  ...Object.fromEntries(listSpaces().map(({ name }) => [name, () => getSpace(name, smallInput(name))])),
  'channel search': SPACES['channel search']!,
  'own ops': SPACES['own ops']!,
  'mixed, LSQ': () => quantizedSpace({ quantizer: 'lsq' }),
  'mixed, one bit': () => quantizedSpace({ pairs: [[1, 1]] }),
  'mixed, one bit LSQ': () => quantizedSpace({ quantizer: 'lsq', pairs: [[1, 1]] }),
  'mixed, float bits': () => quantizedSpace({ pairs: [[32, 32]] }),
  'channels and bits, LSQ': () => getSpace('spos-resnet18-joint-cifar', { size: 8, quantizer: 'lsq' }),
};

function smallInput(name: string): { size?: number; classes?: number; madds?: number; choice?: number } {
  if (name.includes('resnet')) return { size: name.endsWith('cifar') ? 8 : 32, classes: 10 };
  if (name.includes('-28') || name.includes('cifar') || name === 'nas-bench-macro') return {};
  // At 32 pixels the last layers see one pixel: of 40 untrained networks one differed by 1.0e-4, and our own kernels and libtorch's by
  // 1.1e-4 there; at 64 pixels none by more than 1.3e-5.
  const size = name.startsWith('mobilenet') ? 64 : 32;
  return { size, classes: 10, ...(name.endsWith('baseline') && { choice: 3, madds: 8e6 }) };
}

function quantizedSpace(options: Pick<SpaceOptions, 'quantizer' | 'pairs'>): SearchSpace {
  return getSpace('spos-resnet18-mixed-cifar', { size: 8, ...options });
}

/** Images whose logits are equal to 1e-4 of the largest, and how many there are. */
async function equalImages(
  network: Supernet,
  architecture: Architecture,
  file: string,
): Promise<[number, number]> {
  using loaded = await OnnxNetwork.load(file);
  let [equal, all] = [0, 0];
  for (const images of [1, 7]) {
    const batch = randomBatch(network.space, images, 5);
    const [own, other] = [await network.forward(batch, architecture), await loaded.forward(batch)];
    assert.deepEqual(other.shape, own.shape);
    const classes = own.shape[1]!;
    for (let image = 0; image < images; image++, all++) {
      const part = ({ data }: TensorEntry) => data.subarray(image * classes, (image + 1) * classes);
      const largest = Math.max(...part(own).map(Math.abs));
      if (part(own).every((value, i) => Math.abs(value - part(other)[i]!) <= 1e-4 * largest)) equal++;
    }
  }
  return [equal, all];
}

describe('an ONNX file computes what the network computes', { skip }, () => {
  for (const [name, make] of Object.entries(SMALL)) {
    it(name, async () => {
      const space = make();
      const quantized = space.name.includes('resnet') && !name.endsWith('float bits');
      using network = await trainedNetwork(space);
      // Where there is one architecture alone, two seeds give it twice.
      const architectures = [3, 4].map((seed) => randomArchitecture(space, seed));
      const different = architectures[0]!.join() === architectures[1]!.join() ? 1 : 2;
      for (const [i, architecture] of architectures.slice(0, different).entries()) {
        const file = await onnxOf(network, architecture, `${name}-${i}`);
        // Twenty untrained Xception blocks amplify roundings: our own kernels and libtorch's differ by 1.5e-4 there.
        const tolerance = name.endsWith('baseline') ? 4e-4 : 1e-4;
        if (!quantized) await compare(network, architecture, file, tolerance);
        else {
          const [equal, all] = await equalImages(network, architecture, file);
          assert.ok(2 * equal > all, `${equal} of ${all} images are equal`);
        }
      }
    });
  }
});

describe('quantized layers', { skip }, () => {
  /** Two quantized layers: nothing amplifies a difference. */
  const space = (method: 'pact' | 'lsq', weights: number, features: number): SearchSpace =>
    defineSpace({
      name: `${method}-${weights}-${features}`,
      input: { channels: 3, size: 12 },
      classes: 5,
      layers: [
        fixed('stem', nn.conv2d({ out: 8, kernel: 3 }), nn.batchNorm(), nn.relu()),
        fixed('one', layer(method, weights, features, 16)),
        fixed('two', layer(method, weights, features, 16)),
        fixed('head', nn.averagePool(1), nn.linear({ out: 5 })),
      ],
    });
  const layer = (method: 'pact' | 'lsq', weights: number, features: number, out: number) =>
    nn.pipe(
      nn.fakeQuantize(method, features),
      nn.conv2d({
        out,
        kernel: 3,
        weightQuantizer: { method: method === 'pact' ? 'dorefa' : 'lsq', bits: weights },
      }),
      nn.batchNorm(),
      nn.relu(),
    );

  for (const method of ['pact', 'lsq'] as const) {
    for (const [weights, features] of [
      [1, 1],
      [2, 4],
      [4, 2],
      [3, 3],
      [8, 8],
      [32, 4],
      [4, 32],
    ] as const) {
      it(`${method}, ${weights} bits of weights and ${features} of features, float and packed`, async () => {
        using network = await trainedNetwork(space(method, weights, features));
        for (const storage of [undefined, 'packed'] as const) {
          const file = await onnxOf(network, [], `${method}-${weights}-${features}`, storage);
          await compare(network, [], file);
        }
      });
    }
  }
});

describe('a deep quantized network that was trained', { skip }, () => {
  const quantized = (weights: number, features: number, out: number, stride = 1) =>
    nn.pipe(
      nn.fakeQuantize('pact', features),
      nn.conv2d({ out, kernel: 3, stride, weightQuantizer: { method: 'dorefa', bits: weights } }),
      nn.batchNorm(),
      nn.relu(),
    );

  for (const [weights, features] of [
    [4, 4],
    [1, 2],
  ] as const) {
    // A flipped level changes logits (docs/export.md), but may not change what the network is good for.
    it(`scores the same with ${weights} bits of weights and ${features} of features`, async () => {
      const space = defineSpace({
        name: 'deep',
        input: { channels: 1, size: 28 },
        classes: 10,
        layers: [
          fixed('stem', nn.conv2d({ out: 12, kernel: 3, stride: 2 }), nn.batchNorm(), nn.relu()),
          ...[1, 2, 1, 1, 2, 1].map((stride, i) =>
            fixed(`q${i}`, quantized(weights, features, 12 + 4 * i, stride)),
          ),
          fixed('head', nn.averagePool(1), nn.linear({ out: 10 })),
        ],
      });
      using network = new Supernet(space, { kernels: 'fused', seed: 1 });
      using train = await openDataset({ kind: 'fashion-mnist' }, { split: 'train' });
      using test = await openDataset({ kind: 'fashion-mnist' }, { split: 'test' });
      const images = await train.batches({ batchSize: 64, count: 64 * 50 });
      const settings = {
        momentum: 0.9,
        nesterov: false,
        weightDecay: 0,
        labelSmoothing: 0,
        clipGradientNorm: 5,
      };
      for (let step = 0; step < 150; step++) {
        const learningRate = 0.1 * (1 - step / 150);
        await network.step([images[step % images.length]!], [], {
          ...settings,
          learningRate,
          randomKey: [0, step],
        });
      }
      await network.recalibrate(images.slice(0, 8), []);
      const tensors = inheritWeights(space, [], await network.state());
      const file = join(folder, `trained-${weights}-${features}.onnx`);
      writeFileSync(file, encodeOnnx(deriveSubnet(space, []), tensors, {}));
      written.push(file);
      using loaded = await OnnxNetwork.load(file);
      const held = await test.batches({ batchSize: 250, count: 500 });
      const [own, other] = [await network.validate(held, []), await loaded.validate(held)];
      assert.ok(own.correct / 500 > 0.5, `it has learned: ${own.correct} of 500`);
      assert.ok(
        Math.abs(own.correct - other.correct) / 500 <= 0.01,
        `${own.correct} and ${other.correct} of 500`,
      );
      const logits = [await network.forward(held[0]!, []), await loaded.forward(held[0]!)] as const;
      const parity = checkParity(...logits, { tolerance: Number.POSITIVE_INFINITY });
      assert.ok(parity.agreement >= 0.97, `the same class for ${parity.agreement} of the images`);
    });
  }
});

describe('an ONNX file computes what the network computes, of a space that', { skip }, () => {
  const layer = (name: string, options: Partial<nn.Conv2dOptions> = {}) =>
    fixed(name, nn.conv2d({ out: 4, ...options }));
  const spaceOf = (...layers: [LayerSpec, ...LayerSpec[]]): SearchSpace =>
    defineSpace({
      name: 'small',
      input: { channels: 4, size: 6 },
      classes: 4,
      layers: [...layers, fixed('pool', nn.averagePool(), nn.linear({ out: 4 }))],
    });

  it('calls layers as the file calls its input and output', async () => {
    using network = await trainedNetwork(spaceOf(layer('logits'), layer('images'), layer('logits_2')));
    await compare(network, [], await onnxOf(network, [], 'names'));
  });

  it('calls layers as the file calls its constants', async () => {
    const weightQuantizer = { method: 'dorefa', bits: 2 } as const;
    const layers = ['float_0', 'float_1', 'float_3', 'int64_1', 'int64_0'].map((name) =>
      layer(name, { weightQuantizer }),
    );
    const half = fixed('half', nn.slice(1, 1, 3));
    using network = await trainedNetwork(spaceOf(...(layers as [LayerSpec]), half, layer('int64_3')));
    await compare(network, [], await onnxOf(network, [], 'constants'));
  });

  it('pools to a size that does not divide that of its input', async () => {
    for (const size of [4, 5, 7]) {
      using network = await trainedNetwork(spaceOf(layer('stem'), fixed('uneven', nn.averagePool(size))));
      await compare(network, [], await onnxOf(network, [], `pool-${size}`));
    }
  });

  it('has weights that are all 0, quantized by DoReFa', async () => {
    for (const bits of [1, 2, 4]) {
      const weightQuantizer = { method: 'dorefa', bits } as const;
      using network = await trainedNetwork(spaceOf(layer('zero', { weightQuantizer }), layer('next')));
      await network.load(
        (await network.state()).map((entry) =>
          entry.name === 'zero.weight' ? { ...entry, data: entry.data.fill(0) } : entry,
        ),
      );
      for (const weights of [undefined, 'packed'] as const)
        await compare(network, [], await onnxOf(network, [], `zero-${bits}`, weights));
    }
  });
});

describe('the file', { skip }, () => {
  const space = SPACES['spos-shufflenet-v2-28']!();
  const architecture = randomArchitecture(space, 3);

  it('has the same bytes for the same network, and its metadata in words', async () => {
    using network = await trainedNetwork(space);
    const result = await exportSubnet({
      space,
      architecture,
      network,
      directory: join(folder, 'exported'),
      parityBatch: randomBatch(space, 4, 1),
      input: { mean: [0.5], std: [0.25] },
      examples: true,
    });
    const bytes = readFileSync(result.files.onnx!);
    const description: ArchitectureFile = JSON.parse(readFileSync(result.files.architecture, 'utf8'));
    assert.deepEqual(description.onnx, { parity: result.onnxParity });
    assert.ok(result.onnxParity!.relative <= 1e-4);
    assert.ok(bytes.includes(`singlepath.architecture`) && bytes.includes(description.text));
    const again = await exportSubnet({
      space,
      architecture,
      network,
      directory: join(folder, 'again'),
      parityBatch: randomBatch(space, 4, 2),
      input: { mean: [0.5], std: [0.25] },
    });
    assert.deepEqual(readFileSync(again.files.onnx!), bytes);
    assert.match(readFileSync(join(folder, 'exported', 'example.py'), 'utf8'), /\[0\.5\]\) \/ \[0\.25\]/);
  });

  it('is refused with an opset that no runtime of today loads, or that lacks 4-bit tensors', () => {
    const subnet = deriveSubnet(space, architecture);
    const encode = (opset: number, weights?: 'packed') => () =>
      encodeOnnx(subnet, zeroWeights(subnet), { opset, weights });
    const says = (text: RegExp) => (error: SinglePathError) =>
      error.code === 'INVALID_ARGUMENT' && text.test(error.message);
    assert.throws(encode(27), says(/from 17 to 26 but received 27/));
    assert.throws(encode(12), says(/from 17 to 26 but received 12/));
    assert.throws(encode(18, 'packed'), says(/from 21 to 26 for packed weights but received 18/));
  });

  it('is refused beyond 2 GB, which a protobuf message cannot hold', () => {
    const wide = 4096;
    const large = defineSpace({
      name: 'large',
      input: { channels: 1, size: 1 },
      classes: wide,
      layers: Array.from({ length: 34 }, (_, i) => fixed(`conv${i}`, nn.conv2d({ out: wide, kernel: 1 }))),
    });
    // All of them have the same numbers, so the test does not take 2 GB.
    const data = new Float32Array(wide * wide);
    const tensors = parametersOf(large).map(({ name, shape }) => ({
      name,
      shape: [...shape],
      data: data.subarray(
        0,
        shape.reduce((a, b) => a * b, 1),
      ),
    }));
    assert.throws(() => encodeOnnx(large, tensors), {
      code: 'INVALID_ARGUMENT',
      message: /below 2 GB .* but received 22\d{8} bytes/,
    });
  });

  it('that is no ONNX file, or takes other images, is refused by name', async () => {
    const broken = join(folder, 'broken.onnx');
    writeFileSync(broken, 'not a network');
    await assert.rejects(OnnxNetwork.load(broken), { code: 'INVALID_CHECKPOINT' });
    await assert.rejects(OnnxNetwork.load(join(folder, 'absent.onnx')), { code: 'IO' });
    using network = await trainedNetwork(space);
    using loaded = await OnnxNetwork.load(await onnxOf(network, architecture, 'other-images'));
    const wrong = randomBatch(SPACES.fbnet!(), 1, 1);
    await assert.rejects(loaded.forward(wrong), { code: 'INVALID_ARGUMENT' });
  });

  it('scores as the network does', async () => {
    using network = await trainedNetwork(space);
    using loaded = await OnnxNetwork.load(await onnxOf(network, architecture, 'scores'));
    const batches = [randomBatch(space, 40, 7), randomBatch(space, 13, 8)];
    const own = await network.validate(batches, architecture);
    const other = await loaded.validate(batches);
    assert.equal(other.images, 53);
    assert.equal(other.correct, own.correct);
    assert.equal(other.top5, own.top5);
    assert.ok(Math.abs(other.loss - own.loss) < 1e-5);
  });

  it("passes Python's onnx.checker", (t) => {
    const python = process.env.SINGLEPATH_PYTHON ?? 'python3';
    const script =
      'import sys, onnx\nfor f in sys.argv[1:]:\n  onnx.checker.check_model(f, full_check=True)\nprint(len(sys.argv) - 1)';
    let printed: string;
    try {
      printed = execFileSync(python, ['-c', script, ...written], { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      if (/No module named|ENOENT/.test(String((error as { stderr?: string }).stderr ?? error)))
        return t.skip('no Python with onnx: set SINGLEPATH_PYTHON');
      throw error;
    }
    assert.equal(Number(printed), written.length);
  });
});

it('ties of logits go to the lower class, and the loss is the mean cross-entropy', () => {
  const sum = { correct: 0, top5: 0, loss: 0, images: 0 };
  const logits = { name: 'logits', shape: [2, 3], data: Float32Array.of(1, 1, 0, 0, 2, 2) };
  addScore(sum, logits, BigInt64Array.of(0n, 2n));
  assert.deepEqual([sum.correct, sum.top5, sum.images], [1, 2, 2]);
  const expected = Math.log(2 * Math.E + 1) - 1 + Math.log(1 + 2 * Math.exp(2)) - 2;
  assert.ok(Math.abs(sum.loss - expected) < 1e-12);
});

it('logits that are no numbers are no score: nothing is larger than NaN, so it was right each time', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const label of [0n, 1n]) {
      const sum = { correct: 0, top5: 0, loss: 0, images: 0 };
      const logits = { name: 'logits', shape: [1, 3], data: Float32Array.of(bad, 1, 2) };
      assert.throws(() => addScore(sum, logits, BigInt64Array.of(label)), { code: 'NON_FINITE_LOSS' });
    }
  }
});

/** Tensors of the right names and shapes. */
function zeroWeights(subnet: SearchSpace) {
  return parametersOf(subnet).map(({ name, shape }) => ({
    name,
    shape: [...shape],
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
  }));
}
