/* BatchNorm folded into convolutions, on a CPU that is taken for a card: see cardPath.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addon } from '../../src/runtime/addon.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, changed } from '../native/compare.js';
import { mixedSpace, shuffleNetSpace, twoPathsSpace, widthSpace } from '../native/networks.js';
import { randomArchitectures, randomBatch, STEP } from '../native/setup.js';

process.env.SINGLEPATH_CARD_PATH = '1'; // before the addon is loaded
const old = /^(1\.|2\.[0-5]\.)/.test(addon().versions().torch) && 'GPUs need libtorch 2.6';
const OPTIONS = { ...STEP, learningRate: 0.02, clipGradientNorm: 1 };

describe('BatchNorm folded into the 1x1 convolutions before it', { skip: old }, () => {
  for (const space of [shuffleNetSpace(), widthSpace(), mixedSpace(), twoPathsSpace()]) {
    test(`${space.name}: logits within 1e-4 of those of the ops, and the same hits`, async () => {
      using folded = new Supernet(space, { kernels: 'aten', seed: 3 });
      using plain = new Supernet(space, { kernels: 'aten', seed: 3, folded: false });
      const paths = randomArchitectures(space, 6, 1);
      const batches = [1, 2].map((seed) => randomBatch(space, 16, seed));
      let apart = 0;
      for (const [i, path] of paths.entries()) {
        for (const net of [folded, plain]) await net.step(randomBatch(space, 8, 20 + i), path, OPTIONS);
        for (const net of [folded, plain]) await net.recalibrate(batches, path);
        assert.deepEqual(
          changed(await folded.state(), await plain.state()),
          [],
          'recalibration is not folded',
        );
        const [own, expected] = [
          await folded.forward(batches[0]!, path),
          await plain.forward(batches[0]!, path),
        ];
        assertClose(own.data, expected.data, 1e-4, `logits of path ${path}`);
        apart += own.data.filter((value, k) => value !== expected.data[k]).length;
        const [mine, theirs] = [await folded.validate(batches, path), await plain.validate(batches, path)];
        assert.ok(Math.abs(mine.loss - theirs.loss) <= 1e-4 * theirs.loss, `${mine.loss}, ${theirs.loss}`);
      }
      const settings = { calibration: batches, validation: batches };
      const [mine, theirs] = [await folded.evaluate(paths, settings), await plain.evaluate(paths, settings)];
      for (const kind of ['correct', 'top5'] as const) {
        const off = mine[kind].map((count, i) => Math.abs(count - theirs[kind][i]!));
        assert.ok(Math.max(...off) <= 1, `${kind} differ by ${off}`);
      }
      assert.notEqual(apart, 0, 'something was folded');
    });
  }
});
