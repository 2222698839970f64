import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as nn from '../../src/graph/build.js';
import { choiceLayer, defineSpace, fixed } from '../../src/space/define.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { randomArchitectures, randomBatch } from './setup.js';

/** log |det| by elimination, without pivoting: fine for kernels, which are positive definite. */
function logDeterminant(matrix: number[][]): number {
  const rows = matrix.map((row) => [...row]);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    sum += Math.log(rows[i]![i]!);
    for (let j = i + 1; j < rows.length; j++) {
      const factor = rows[j]![i]! / rows[i]![i]!;
      for (let k = i; k < rows.length; k++) rows[j]![k]! -= factor * rows[i]![k]!;
    }
  }
  return sum;
}

describe('NASWOT', () => {
  it('is log |det K| of agreeing activation signs, as its definition says', async () => {
    const space = defineSpace({
      name: 'pointwise',
      input: { channels: 2, size: 4 },
      classes: 2,
      layers: [
        choiceLayer({
          choices: { relu: nn.indexed(nn.conv2d({ out: 3 }), nn.relu()), linear: nn.conv2d({ out: 3 }) },
        }),
        fixed('second', nn.conv2d({ out: 2 }), nn.relu()),
        fixed('head', nn.averagePool(), nn.linear({ out: 2 })),
      ],
    });
    using network = new Supernet(space, { seed: 3 });
    const batch = randomBatch(space, 6, 1);
    const tensors = await network.state();
    const pixels = batch.images();
    const pointwise = (input: Float64Array[], name: string): Float64Array[] => {
      const weight = tensors.find((tensor) => tensor.name.startsWith(name))!.data;
      const channels = input.length;
      return Array.from({ length: weight.length / channels }, (_, out) =>
        input[0]!.map((_, at) => input.reduce((sum, x, c) => sum + weight[out * channels + c]! * x[at]!, 0)),
      );
    };
    const signsOf = (image: number, choice: number): boolean[] => {
      const plane = (c: number) =>
        Float64Array.from(pixels.subarray((image * 2 + c) * 16, (image * 2 + c + 1) * 16));
      const first = pointwise([plane(0), plane(1)], choice === 0 ? 'layers.0.0' : 'layers.0.1');
      const after = choice === 0 ? first.map((x) => x.map((value) => Math.max(0, value))) : first;
      const second = pointwise(after, 'second.0');
      return [...(choice === 0 ? first : []), ...second].flatMap((x) => [...x].map((value) => value > 0));
    };
    const want = [0, 1].map((choice) => {
      const signs = Array.from({ length: 6 }, (_, image) => signsOf(image, choice));
      const kernel = signs.map((a) => signs.map((b) => a.filter((sign, i) => sign === b[i]).length));
      return logDeterminant(kernel);
    });
    const got = await network.naswot([[0], [1]], batch);
    for (const [i, score] of got.entries()) {
      assert.ok(Math.abs(score - want[i]!) < 1e-6, `${score} is not ${want[i]}`);
    }
    batch.dispose();
  });

  it('does not depend on the company of an architecture, and leaves the network as it is', async () => {
    const space = getSpace('nas-bench-macro', { size: 16 });
    using network = new Supernet(space, { seed: 1 });
    const batch = randomBatch(space, 8, 2);
    const before = await network.state();
    const architectures = randomArchitectures(space, 6, 4);
    const together = await network.naswot(architectures, batch);
    for (const [i, architecture] of architectures.entries()) {
      assert.deepEqual(await network.naswot([architecture], batch), [together[i]]);
    }
    assert.deepEqual(await network.state(), before);
    batch.dispose();
  });

  it('stops when asked', async () => {
    const space = getSpace('nas-bench-macro', { size: 16 });
    using network = new Supernet(space);
    const batch = randomBatch(space, 4, 2);
    const naswot = network.naswot(randomArchitectures(space, 50, 1), batch, { signal: AbortSignal.abort() });
    await assert.rejects(naswot, { code: 'ABORTED' });
    batch.dispose();
  });

  it('is rejected with what onProgress throws', async () => {
    const space = getSpace('nas-bench-macro', { size: 16 });
    using network = new Supernet(space);
    const batch = randomBatch(space, 4, 2);
    const architectures = randomArchitectures(space, 3, 1);
    const mine = new Error('in progress');
    const onProgress = () => {
      throw mine;
    };
    await assert.rejects(network.naswot(architectures, batch, { onProgress }), mine);
    const wrong = { onProgress: 1 } as never;
    await assert.rejects(network.naswot(architectures, batch, wrong), { code: 'INVALID_ARGUMENT' });
    assert.equal((await network.naswot(architectures, batch)).length, 3);
    batch.dispose();
  });
});
