import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { inheritWeights } from '../../src/export/inherit.js';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import type { Start } from '../../src/pipeline/training/warmStart.js';
import { writeSafetensors } from '../../src/run/safetensors.js';
import { loadWithNewHead, readWeights } from '../../src/run/weights.js';
import type { TensorEntry } from '../../src/runtime/native.js';
import { deriveSubnet } from '../../src/space/subnet.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { withoutAddon } from '../cli/native.js';
import { singlepath } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { temporaryFolder } from '../temporaryFolder.js';

const skip = withoutAddon();
const root = temporaryFolder();
const { config: file } = writeTiny(root);
const [supernet, network] = [join(root, 'supernet'), join(root, 'network')];
const architecture = [0, 1];
const HEAD = ['head.1.weight', 'head.1.bias'];
const config = (...set: string[]) => loadConfig({ files: [file], set });

before(async () => {
  if (skip) return;
  await runTrain(config(), { runDir: supernet });
  await runRetrain(config(), architecture, { runDir: network });
});

const valuesOf = (tensors: readonly TensorEntry[]) =>
  new Map(
    tensors.filter(({ name }) => !name.startsWith('optimizer.')).map(({ name, data }) => [name, [...data]]),
  );

async function startOf(runDir: string, from: string, ...set: string[]): Promise<Start> {
  let start: Start | undefined;
  await runRetrain(config('retrain.steps=1', ...set), architecture, {
    runDir: join(root, runDir),
    from,
    onWarmStart: (given) => {
      start = given;
    },
  });
  return start!;
}

test('a network is used for another number of classes: its head is new, everything else is loaded', {
  skip,
}, async () => {
  const space = deriveSubnet(openSpace(config('space.classes=37').space), architecture);
  using other = new Supernet(space, { seed: 3 });
  const fresh = valuesOf(await other.state());
  const found = await readWeights(network, assert.fail);
  const trained = valuesOf(found.tensors);
  assert.deepEqual((await loadWithNewHead(other, found)).sort(), [...HEAD].sort());
  for (const [name, values] of valuesOf(await other.state())) {
    const expected = HEAD.includes(name) ? fresh.get(name) : trained.get(name);
    assert.deepEqual(values, expected, name);
  }
  assert.equal(fresh.get('head.1.bias')!.length, 37);
  assert.deepEqual((await startOf('pets', network, 'space.classes=37')).fresh?.sort(), [...HEAD].sort());
  assert.equal((await startOf('same', network)).fresh, undefined);
});

test('a network begins with what its architecture inherits from a supernet', { skip }, async () => {
  const start = await startOf('inherited', supernet);
  assert.equal(start.inherited, true);
  const { tensors, hash } = await readWeights(supernet, assert.fail);
  assert.equal(start.hash, hash);
  // As the supernet's own path: the weights of the blocks that were not chosen are not among them.
  const inherited = inheritWeights(openSpace(config().space), architecture, tensors);
  assert.ok(
    inherited.every(
      ({ name }) => !name.includes('conv3') || name.startsWith('layers.0') || !name.startsWith('layers.1'),
    ),
  );
  assert.deepEqual(
    (await startOf('inherited-37', supernet, 'space.classes=37')).fresh?.sort(),
    [...HEAD].sort(),
  );
});

test('a safetensors file starts a network too, of any number of classes', { skip }, async () => {
  const path = join(root, 'pretrained.safetensors');
  const { tensors } = await readWeights(network, assert.fail);
  await writeSafetensors(
    path,
    tensors.filter(({ name }) => !name.startsWith('optimizer.')),
  );
  assert.deepEqual((await startOf('from-file', path, 'space.classes=12')).fresh?.sort(), [...HEAD].sort());
});

test('anything else that differs is refused with its name', { skip }, async () => {
  const other = [1, 1];
  await assert.rejects(runRetrain(config(), other, { runDir: join(root, 'other'), from: network }), {
    code: 'INVALID_CHECKPOINT',
  });
  const wide = join(root, 'wide.safetensors');
  const { tensors } = await readWeights(network, assert.fail);
  const [first, ...rest] = tensors.filter(({ name }) => !name.startsWith('optimizer.'));
  const doubled = {
    ...first!,
    shape: [2 * first!.shape[0]!, ...first!.shape.slice(1)],
    data: new Float32Array(2 * first!.data.length),
  };
  await writeSafetensors(wide, [doubled, ...rest]);
  await assert.rejects(startOf('wide', wide), (error: Error) => error.message.includes(first!.name));
});

test('retrain --init supernet and --from with other classes say what they begin with', { skip }, async () => {
  const run = (...args: string[]) =>
    singlepath(['retrain', ...args, '--set', 'retrain.steps=1'], { cwd: root });
  const inherited = await run('--init', supernet, '--arch', '0,1', '-d', 'a');
  assert.equal(inherited.code, 0, inherited.stderr);
  assert.match(
    inherited.stderr,
    /begins with the weights that it inherits from the supernet in '.*supernet'/,
  );
  const pets = await run('--from', network, '--set', 'space.classes=37', '-d', 'b');
  assert.equal(pets.code, 0, pets.stderr);
  assert.match(
    pets.stderr,
    /but head\.1\.(weight|bias) and head\.1\.(weight|bias), which are new \(another number of classes\)/,
  );
  const alone = await run('--init', 'supernet', '--arch', '0,1', '-c', file, '-d', 'c');
  assert.match(alone.stderr, /Expected --search FOLDER for --init supernet/);
  assert.equal((await run('--init', 'x', '--from', 'y')).code, 2);
});

test('a warm-up that lasts to the end of the training is told', { skip }, async () => {
  const noticesOf = async (warmupSteps: number) => {
    const notices: string[] = [];
    await runTrain(config(`train.warmupSteps=${warmupSteps}`), {
      runDir: join(root, `warm-up-${warmupSteps}`),
      onNotice: (message) => notices.push(message),
    });
    return notices.join();
  };
  assert.match(await noticesOf(4), /^train\.warmupSteps = 4 is not below the 4 steps of the training/);
  assert.equal(await noticesOf(3), '');
});
