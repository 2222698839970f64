/*
 * What is written for a GPU, on a CPU: SINGLEPATH_CARD_PATH=1 takes the CPU for a card whose results come 2 ms late. So
 * the guarded update, late results, scores that stay on the card and the merging of statistics run where no card is; what is
 * recorded and what is folded are in recordings.test.ts and folded.test.ts.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { addon } from '../../src/runtime/addon.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { changed } from '../native/compare.js';
import { shuffleNetSpace, widthSpace } from '../native/networks.js';
import { brokenBatch, randomArchitectures, randomBatch, STEP } from '../native/setup.js';

process.env.SINGLEPATH_CARD_PATH = '1'; // before the addon is loaded
const old = /^(1\.|2\.[0-5]\.)/.test(addon().versions().torch) && 'GPUs need libtorch 2.6';
const OPTIONS = { ...STEP, learningRate: 0.02, clipGradientNorm: 1 };
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
        net.step(brokenBatch(space), paths[1]!, OPTIONS),
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
