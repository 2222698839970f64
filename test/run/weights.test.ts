import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunDirectory } from '../../src/run/directory.js';
import { writeSafetensors } from '../../src/run/safetensors.js';
import { loadWeights } from '../../src/run/weights.js';
import { FakeNetwork } from '../train/fakes.js';
import { freshPath, tensor, tinySpace } from './fixtures.js';

const space = tinySpace();
const never = () => assert.fail('nothing is damaged');

async function trained() {
  const network = new FakeNetwork(space);
  network.weights.forEach((_, i) => {
    network.weights[i] = i;
    network.momenta[i] = -i;
  });
  const path = freshPath();
  using run = await RunDirectory.open(path, { kind: 'train', space, config: {} });
  const { path: checkpoint, weights } = await run.checkpoints.save(5, {}, await network.state());
  return { network, path, checkpoint, sha256: weights!.sha256 };
}

test('weights come from a run directory, a checkpoint or a file; the optimizer state stays behind', async () => {
  const { network, path, checkpoint, sha256 } = await trained();
  const file = freshPath();
  await writeSafetensors(file, await network.state());
  for (const source of [path, checkpoint, file]) {
    const fresh = new FakeNetwork(space);
    const { hash } = await loadWeights(fresh, source, never);
    assert.deepEqual(fresh.weights, network.weights);
    assert.deepEqual(fresh.momenta, new Float32Array(9));
    assert.equal(hash, sha256);
  }
});

test('refused: nothing there, no checkpoint, another space, a tensor missing', async () => {
  const fresh = () => new FakeNetwork(space);
  const { path, network } = await trained();
  await assert.rejects(loadWeights(fresh(), freshPath(), never), { code: 'IO' });
  for (const [kind, hint] of [
    ['train', /has not saved one yet: wait for its first checkpoint \(train\.checkpointEvery\)/],
    ['search', /name the run directory of `singlepath train`/],
  ] as const) {
    const empty = freshPath();
    (await RunDirectory.open(empty, { kind, space, config: {} })).dispose();
    await assert.rejects(loadWeights(fresh(), empty, never), { code: 'INVALID_CHECKPOINT', hint });
  }
  await assert.rejects(
    loadWeights(new FakeNetwork(tinySpace(99)), path, () => {}),
    { code: 'INVALID_CHECKPOINT' },
  );
  const partial = freshPath();
  await writeSafetensors(partial, (await network.state()).slice(0, 1));
  await assert.rejects(loadWeights(fresh(), partial, never), {
    code: 'INVALID_CHECKPOINT',
    message: /'layers\.weight'/,
  });
  const other = freshPath();
  await writeSafetensors(other, [...(await network.state()), tensor('conv.weight', 1)]);
  await assert.rejects(loadWeights(fresh(), other, never), {
    code: 'INVALID_CHECKPOINT',
    message: /'conv\.weight' is none/,
  });
  const [bn, weight] = await network.state();
  await writeSafetensors(other, [bn!, { ...weight!, shape: [3, 3] }]);
  await assert.rejects(loadWeights(fresh(), other, never), {
    code: 'INVALID_CHECKPOINT',
    message: /'layers\.weight' has shape \[3,3\] instead of \[9\]/,
  });
});
