/** The PyTorch peer of the benches (bench/peer/) computes the same networks: one path of every space of the catalogue. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describeForPeer, peerMissing, peerScript, python } from '../../bench/sides.js';
import { RandomStream } from '../../src/core/rng.js';
import { readSafetensors, writeSafetensors } from '../../src/run/safetensors.js';
import { addon } from '../../src/runtime/addon.js';
import type { TensorEntry } from '../../src/runtime/native.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { assertClose, byName } from './compare.js';
import { randomArchitectures, STEP } from './setup.js';

const IMAGES = 16;
const SIZE = 32;
const CLASSES = 10;
const TOLERANCE = 1e-3;
/** A value between two levels may fall on either, and all layers behind it see which. */
const QUANTIZED_TOLERANCE = 0.2;

const skip = peerMissing() ?? false;

describe('the PyTorch peer of the benches', { skip }, () => {
  const folder = temporaryFolder();

  for (const { name } of listSpaces()) {
    test(name, async (context) => {
      const space = withoutDropout(getSpace(name, { size: SIZE, classes: CLASSES }));
      const quantized = JSON.stringify(space).includes('uantize');
      const [path] = randomArchitectures(space, 1, 3);
      using supernet = new Supernet(space, { kernels: quantized ? 'aten' : 'fused' });
      const tensors = (await supernet.state()).filter((tensor) => !tensor.name.startsWith('optimizer.'));
      await supernet.load(tensors.map(randomStatistics));
      const batch = randomBatch(space);

      const file = (what: string) => join(folder, `${name}.${what}`);
      writeFileSync(file('space'), describeForPeer(space));
      writeFileSync(file('paths'), JSON.stringify([path]));
      const given = (await supernet.state()).filter((tensor) => !tensor.name.startsWith('optimizer.'));
      await writeSafetensors(file('given'), [...given, batch.images, batch.labels]);
      const options = {
        mode: 'check',
        'memory-format': 'channels_last',
        space: file('space'),
        paths: file('paths'),
        threads: 1,
      };
      const args = Object.entries({ ...options, tensors: file('given'), out: file('computed') });
      const { status, stderr, stdout } = spawnSync(
        python,
        [peerScript, ...args.flatMap(([key, value]) => [`--${key}`, String(value)])],
        { encoding: 'utf8' },
      );
      assert.equal(status, 0, stderr);
      const { torch } = JSON.parse(stdout) as { torch: string };
      const { torch: own } = addon().versions();
      if (quantized && torch.split('+')[0] !== own.split('+')[0]) {
        return context.skip(`roundings of PyTorch ${torch} are not those of ${own}`);
      }

      const tolerance = quantized ? QUANTIZED_TOLERANCE : TOLERANCE;
      const computed = byName((await readSafetensors(file('computed'))).tensors);
      const close = (actual: TensorEntry, what: string) =>
        assertClose(actual.data, computed.get(what)!.data, tolerance, what);
      close(await supernet.forward(batch.native, path!), 'evaluated');
      const step = { ...STEP, labelSmoothing: 0.1 };
      const { logits, gradients } = await supernet.gradients(batch.native, path!, step);
      close(logits, 'trained');
      // PyTorch's gradients are of whole parameters: zeros beside the part that the path uses.
      const norms = (entries: TensorEntry[]) => new Map(entries.map(({ name, data }) => [name, norm(data)]));
      const ours = norms(gradients);
      const theirs = norms([...computed.values()]);
      const largest = Math.max(...ours.values());
      for (const [name, value] of ours) {
        assertClose(
          [value],
          [theirs.get(`gradient of ${name}`) ?? 0],
          Math.min(10 * tolerance, 0.3),
          name,
          1e-3 * largest,
        );
      }
      assert.equal(theirs.size, ours.size + 2, 'parameters with a gradient');
    });
  }
});

function withoutDropout(space: SearchSpace): SearchSpace {
  return {
    ...space,
    layers: space.layers.map((layer) => ({
      ...layer,
      choices: layer.choices.map((choice) => ({
        ...choice,
        graph: {
          nodes: choice.graph.nodes.map((node) => (node.op === 'dropout' ? { ...node, p: 0 } : node)),
        },
      })),
    })),
  };
}

/** Running means and variances as after a training, so that evaluation depends on them. */
function randomStatistics({ name, shape, data }: TensorEntry, seed: number): TensorEntry {
  const random = new RandomStream(seed, 'test', 2);
  if (name.endsWith('.running_mean')) return { name, shape, data: data.map(() => random.uniform() - 0.5) };
  if (name.endsWith('.running_var')) return { name, shape, data: data.map(() => random.uniform() + 0.5) };
  return { name, shape, data };
}

function randomBatch({ input: { channels, size } }: SearchSpace) {
  const random = new RandomStream(1, 'test', 0);
  const shape: [number, number, number, number] = [IMAGES, channels, size, size];
  const data = Float32Array.from({ length: IMAGES * channels * size * size }, () => 4 * random.uniform() - 2);
  const labels = Array.from({ length: IMAGES }, () => random.integer(CLASSES));
  return {
    native: new (addon().Batch)({ images: data, shape, labels }),
    images: { name: 'images', shape, data },
    labels: { name: 'labels', shape: [IMAGES], data: Float32Array.from(labels) },
  };
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
