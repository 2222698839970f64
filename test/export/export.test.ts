import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SinglePathError } from '../../src/core/errors.js';
import { costOf } from '../../src/cost/cost.js';
import type { ArchitectureFile } from '../../src/export/architectureFile.js';
import { type ExportSource, exportSubnet } from '../../src/export/exportSubnet.js';
import { inheritWeights } from '../../src/export/inherit.js';
import { Script } from '../../src/export/script.js';
import { readSafetensors, writeSafetensors } from '../../src/run/safetensors.js';
import { parseArchitecture } from '../../src/space/architecture.js';
import { spaceHash } from '../../src/space/hash.js';
import { parametersOf } from '../../src/space/parameters.js';
import { deriveSubnet } from '../../src/space/subnet.js';
import type { SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { randomArchitecture, randomBatch, SPACES, trainedNetwork } from './fixtures.js';

const skip = withoutAddon();
const folder = temporaryFolder();

/** What Python's torch has to agree with. */
const exported: { path: string; images: string; keys: string[]; name: string }[] = [];

/** Exported as subnets too: each kind of tensor once. */
const RETRAINED = ['blocks and channels', 'PACT and DoReFa', 'LSQ', 'fbnet', 'own ops'];

describe('exported files', { skip }, () => {
  it('in the place of others take the example programs along, but for those that somebody has changed', async () => {
    const space = SPACES['own ops']!();
    using supernet = await trainedNetwork(space);
    const directory = join(folder, 'again');
    const notices: string[] = [];
    const exportAgain = (mean: number, more: { examples?: boolean; onnx?: false } = {}) =>
      exportSubnet({
        space,
        architecture: randomArchitecture(space, 1),
        network: supernet,
        directory,
        ...more,
        parityBatch: randomBatch(space, 2, 1),
        input: { mean: [mean, 0, 0], std: [1, 1, 1] },
        onNotice: (message) => notices.push(message),
      });
    const [py, mjs] = ['example.py', 'example.mjs'].map((name) => join(directory, name)) as [string, string];
    await exportAgain(0.25, { examples: true });
    writeFileSync(mjs, readFileSync(mjs, 'utf8').replace('picture.jpg', 'cat.jpg'));
    await exportAgain(0.75);
    assert.match(readFileSync(py, 'utf8'), /pixels - \[0\.75,0,0\]/);
    assert.match(readFileSync(mjs, 'utf8'), /cat\.jpg[\s\S]*\[0\.25,0,0\]/);
    assert.deepEqual(notices, [`'${mjs}' was changed and stays: it may not fit this network`]);
    await exportAgain(0.5, { onnx: false });
    assert.deepEqual([existsSync(py), existsSync(mjs)], [false, true], 'it loads the ONNX file');
  });

  Object.entries(SPACES).forEach(([name, make], index) => {
    it(`of a path of ${name} compute what the supernet computes`, async () => {
      const space = make();
      const architecture = randomArchitecture(space, index);
      using supernet = await trainedNetwork(space);
      const batch = randomBatch(space, 2, index);
      await supernet.recalibrate([randomBatch(space, 4, 100)], architecture);
      const directory = join(folder, `inherited-${index}`);
      const { parity, files } = await exportSubnet({
        space,
        architecture,
        network: supernet,
        directory,
        parityBatch: batch,
        onnx: false, // test/export/onnx.test.ts compares those files
      });
      assert.ok(parity.largestLogit > 0);
      assert.ok(parity.relative < 1e-5, `${parity.relative}`);

      // The safetensors file is a second way to the same network.
      const { tensors } = await readSafetensors(files.weights);
      using subnet = new Supernet(deriveSubnet(space, architecture), { kernels: 'aten' });
      await subnet.load(tensors);
      const [own, reference] = [await subnet.forward(batch, []), await supernet.forward(batch, architecture)];
      own.data.forEach((value, i) => {
        assert.ok(Math.abs(value - reference.data[i]!) <= 1e-5 * parity.largestLogit);
      });

      const images = join(directory, 'images.safetensors');
      await writeSafetensors(images, [
        { name: 'images', shape: [...batch.shape], data: batch.images() },
        { ...reference, name: 'logits' },
      ]);
      const keys = parametersOf(deriveSubnet(space, architecture)).map((spec) => spec.name);
      exported.push({ path: files.script, images, keys, name });
    });

    if (RETRAINED.includes(name))
      it(`of a retrained architecture of ${name} compute what it computes`, async () => {
        const space = make();
        const architecture = randomArchitecture(space, index + 50);
        using network = await trainedNetwork(deriveSubnet(space, architecture));
        const { parity, files } = await exportSubnet({
          space,
          architecture,
          network,
          directory: join(folder, `retrained-${index}`),
          parityBatch: randomBatch(space, 2, index),
          onnx: false,
        });
        assert.ok(parity.relative < 1e-5, `${parity.relative}`);
        const own = new Map((await network.state()).map((entry) => [entry.name, entry]));
        for (const entry of (await readSafetensors(files.weights)).tensors) {
          assert.deepEqual(entry, own.get(entry.name));
        }
      });
  });

  it('say what they are', async () => {
    const space = SPACES['blocks and channels']!();
    const architecture = randomArchitecture(space, 1);
    using network = await trainedNetwork(space);
    const { files, parity } = await exportSubnet({
      space,
      architecture,
      network,
      directory: join(folder, 'described'),
      parityBatch: randomBatch(space, 2, 0),
      input: { mean: [0.25], std: [0.5] },
    });
    const file = JSON.parse(readFileSync(files.architecture, 'utf8')) as ArchitectureFile;
    assert.deepEqual(file.architecture, architecture);
    assert.deepEqual(parseArchitecture(space, file.text), architecture);
    assert.deepEqual(file.space, { name: space.name, hash: spaceHash(space) });
    assert.equal(file.genes[8]!.name, 'layers.0.width');
    assert.equal(file.genes[8]!.label, space.genes[8]!.labels[architecture[8]!]);
    assert.deepEqual(file.costs, costOf(space, architecture));
    assert.deepEqual(file.input, { channels: 1, size: 28, mean: [0.25], std: [0.5] });
    assert.deepEqual(file.parity, parity);
    assert.deepEqual(readdirSync(join(folder, 'described')).sort(), [
      'architecture.json',
      'network.onnx',
      'network.torchscript.pt',
      'weights.safetensors',
    ]);
  });

  it('are refused, and none is left, when they compute something else', async () => {
    const space = SPACES['spos-shufflenet-v2-28']!();
    using network = await trainedNetwork(deriveSubnet(space, randomArchitecture(space, 2)));
    /** The network, but one of its numbers is changed on the way to the file. */
    const tampered = (value: (before: number) => number): ExportSource => ({
      space: network.space,
      forward: (batch, path) => network.forward(batch, path),
      state: async () => {
        const state = await network.state();
        const { data } = state.find(({ name }) => name === 'fc.weight')!;
        data[0] = value(data[0]!);
        return state;
      },
    });
    const refused = async (source: ExportSource, directory: string) =>
      assert.rejects(
        exportSubnet({
          space,
          architecture: randomArchitecture(space, 2),
          network: source,
          directory,
          parityBatch: randomBatch(space, 2, 0),
        }),
        (error: SinglePathError) => error.code === 'EXPORT_MISMATCH',
      );
    await refused(
      tampered((before) => before + 1),
      join(folder, 'refused'),
    );
    await refused(
      tampered(() => Number.NaN),
      join(folder, 'refused'),
    );
    assert.ok(!readdirSync(folder).includes('refused'));

    // An older export in the same folder stays as it was.
    const own = join(folder, 'own');
    const [architecture, parityBatch] = [randomArchitecture(space, 2), randomBatch(space, 2, 0)];
    const { files } = await exportSubnet({ space, architecture, network, directory: own, parityBatch });
    const before = Object.values(files).map((file) => readFileSync(file));
    await refused(
      tampered((value) => value + 1),
      own,
    );
    assert.deepEqual(
      Object.values(files).map((file) => readFileSync(file)),
      before,
    );
    assert.equal(readdirSync(own).length, 4);
  });

  it('are not written where they cannot be', async () => {
    const space = SPACES['own ops']!();
    using network = await trainedNetwork(deriveSubnet(space, [0]));
    const blocked = join(folder, 'a file');
    writeFileSync(blocked, '');
    const options = { space, architecture: [0], network, parityBatch: randomBatch(space, 2, 0) };
    for (const directory of [blocked, join(blocked, 'below')]) {
      await assert.rejects(
        exportSubnet({ ...options, directory }),
        (error: SinglePathError) => error.code === 'IO',
      );
    }
  });
});

describe('inherited weights', () => {
  it('are cut to [:out, :in], quantizers to the chosen bits, and BatchNorm gets a neutral scale', () => {
    const space = SPACES['channels and bits']!();
    const architecture = randomArchitecture(space, 3);
    // Every number is its own position.
    const state = parametersOf(space).map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return { name, shape, data: Float32Array.from({ length: size }, (_, i) => i) };
    });
    const inherited = new Map(inheritWeights(space, architecture, state).map((entry) => [entry.name, entry]));
    const [width, bits] = ['width', 'bits'].map(
      (kind) => architecture[space.genes.findIndex((gene) => gene.name === `layers.0.${kind}`)]!,
    );
    const out = Math.trunc(64 * [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6][width!]!);
    const largest = Math.trunc(64 * 1.6);
    const conv2 = inherited.get('layers.0.0.conv2.weight')!;
    assert.deepEqual(conv2.shape, [64, out, 3, 3]);
    // Row 5, column out - 1, last element of the window.
    assert.equal(conv2.data[(5 * out + out - 1) * 9 + 8], (5 * largest + out - 1) * 9 + 8);
    assert.deepEqual([...inherited.get('layers.0.0.quantize_conv2.alpha')!.data], [bits]);
    assert.deepEqual([...inherited.get('layers.0.0.bn1.weight')!.data], new Array(out).fill(1));
    assert.deepEqual([...inherited.get('layers.0.0.bn1.bias')!.data], new Array(out).fill(0));
    assert.deepEqual(
      [...inherited.get('layers.0.0.bn1.running_mean')!.data],
      Array.from({ length: out }, (_, i) => i),
    );
  });

  it('of another space are refused by name', () => {
    const space = SPACES['spos-shufflenet-v2-28']!();
    const state = parametersOf(deriveSubnet(SPACES['nas-bench-macro']!(), [1, 1, 1, 1, 1, 1, 1, 1]));
    assert.throws(
      () => inheritWeights(space, randomArchitecture(space, 0), state.map(toEntry)),
      (error: SinglePathError) =>
        error.code === 'INVALID_CHECKPOINT' && /tensor 'layers\.0\..* missing/.test(error.message),
    );
  });
});

const toEntry = ({ name, shape }: { name: string; shape: number[] }) => ({
  name,
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

describe('TorchScript files', { skip }, () => {
  /** A small exported network, and images for it. */
  const small = async (): Promise<{ path: string; space: SearchSpace }> => {
    const space = SPACES['own ops']!();
    using network = await trainedNetwork(deriveSubnet(space, [0]));
    const { files } = await exportSubnet({
      space,
      architecture: [0],
      network,
      directory: join(folder, 'small'),
      parityBatch: randomBatch(space, 2, 0),
    });
    return { path: files.script, space };
  };

  it('score images like the network they were made of', async () => {
    const space = SPACES['own ops']!();
    using network = await trainedNetwork(deriveSubnet(space, [0]));
    const { path } = await small();
    using script = await Script.load(path);
    const batches = [randomBatch(space, 5, 1), randomBatch(space, 3, 2)];
    const [own, reference] = [await script.validate(batches), await network.validate(batches, [])];
    assert.equal(own.images, 8);
    assert.equal(own.correct, reference.correct);
    assert.ok(Math.abs(own.loss - reference.loss) < 1e-5);
    await assert.rejects(
      script.validate(batches, AbortSignal.abort()),
      (error: SinglePathError) => error.code === 'ABORTED',
    );
  });

  it('that are missing, foreign or damaged are refused by name', async () => {
    const { path } = await small();
    const refused = (file: string, code: string) =>
      assert.rejects(
        Script.load(file),
        (error: SinglePathError) => error.code === code && error.message.includes(file),
      );
    const bytes = readFileSync(path);
    const write = (name: string, content: Buffer | string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    await refused(join(folder, 'nothing.pt'), 'IO');
    await refused(write('text.pt', 'not a network'), 'INVALID_CHECKPOINT');
    await refused(write('empty.pt', ''), 'INVALID_CHECKPOINT');
    await refused(write('half.pt', bytes.subarray(0, bytes.length / 2)), 'INVALID_CHECKPOINT');
  });

  it('refuse images of another shape, and work after dispose()', async () => {
    const { path } = await small();
    const script = await Script.load(path);
    const grey = randomBatch(SPACES['spos-shufflenet-v2-28']!(), 2, 0);
    const refused = (code: string) => (error: SinglePathError) => error.code === code;
    await assert.rejects(script.forward(grey), refused('INVALID_ARGUMENT'));
    await assert.rejects(script.validate([grey]), /\[2, 1, 28, 28\]/);
    script.dispose();
    script.dispose();
    await assert.rejects(script.forward(grey), refused('DISPOSED'));
  });
});

/** Compares the logits and keys of every file with what singlepath says. Prints one JSON list. */
const PYTHON = `
import json, struct, sys, torch
def safetensors(path):
    raw = open(path, 'rb').read()
    n = struct.unpack('<Q', raw[:8])[0]
    header = json.loads(raw[8:8 + n])
    def read(entry):
        a, b = entry['data_offsets']
        return torch.frombuffer(bytearray(raw[8 + n + a:8 + n + b]), dtype=torch.float32).reshape(entry['shape'])
    return {name: read(entry) for name, entry in header.items() if name != '__metadata__'}
results = []
torch.set_num_threads(1)
for file in json.load(sys.stdin):
    module = torch.jit.load(file['path'])
    given = safetensors(file['images'])
    weights = safetensors(file['path'].replace('network.torchscript.pt', 'weights.safetensors'))
    state = module.state_dict()
    with torch.no_grad():
        logits = module(given['images'])
    results.append({
        'keys': list(state),
        'equal': all(torch.equal(state[name], weights[name]) for name in weights),
        'relative': ((logits - given['logits']).abs().max() / given['logits'].abs().max()).item(),
        'training': module.training,
    })
print(json.dumps(results))
`;

/** Why Python cannot tell, false where it can. */
function withoutTorch(): string | false {
  try {
    execFileSync('python3', ['-c', 'import torch'], { stdio: 'ignore', timeout: 60_000 });
    return false;
  } catch {
    return 'python3 has no torch here';
  }
}

describe("Python's torch.jit.load", { skip: skip || withoutTorch() }, () => {
  it('gives the same logits, and state_dicts with the keys of our tensors in their order', () => {
    const results = JSON.parse(
      execFileSync('python3', ['-c', PYTHON], { input: JSON.stringify(exported), encoding: 'utf8' }),
    ) as { keys: string[]; equal: boolean; relative: number; training: boolean }[];
    assert.equal(results.length, Object.keys(SPACES).length);
    results.forEach(({ keys, equal, relative, training }, i) => {
      const { name, keys: own } = exported[i]!;
      assert.deepEqual(keys, own, name);
      assert.ok(equal, name);
      assert.equal(training, false, name);
      assert.ok(relative < 1e-4, `${name}: ${relative}`);
    });
  });
});
