/** Training, recalibration and evaluation with the fused kernels beside the walk through libtorch. */
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { assertClose, byName } from './compare.js';
import { KERNELS, randomBatch, STEP } from './setup.js';

async function results(
  space: SearchSpace,
  architectures: readonly Architecture[],
  {
    precision,
    batch = 6,
    seed = 1,
  }: { precision: 'fp32' | 'bf16'; batch?: number | undefined; seed?: number | undefined },
) {
  const [images, others] = [randomBatch(space, batch, seed), randomBatch(space, batch, seed + 1)];
  return Promise.all(
    KERNELS.map(async (kernels) => {
      using net = new Supernet(space, { kernels, precision });
      const runs = [];
      for (const architecture of architectures) {
        const { logits, gradients, input } = await net.gradients(images, architecture, STEP);
        await net.step(others, architecture, { ...STEP, learningRate: 0.01 });
        await net.recalibrate([images, others], architecture);
        const evaluated = await net.forward(others, architecture);
        runs.push({ logits, input, evaluated, gradients: byName(gradients) });
      }
      return { runs, state: byName(await net.state()) };
    }),
  );
}

/** fp32: logits, gradients, logits of an evaluation, and the state behind it all, up to rounding. */
export async function assertLikeLibtorch(
  space: SearchSpace,
  architectures: readonly Architecture[],
  batch?: number,
  seed?: number,
): Promise<void> {
  const [aten, fused] = await results(space, architectures, { precision: 'fp32', batch, seed });
  for (const [i, expected] of aten!.runs.entries()) {
    const actual = fused!.runs[i]!;
    assertClose(actual.logits.data, expected.logits.data, 2e-5, 'logits');
    assertClose(actual.input.data, expected.input.data, 2e-5, 'input gradient');
    for (const [parameter, { data }] of expected.gradients)
      assertClose(actual.gradients.get(parameter)!.data, data, 2e-5, `gradient of ${parameter}`);
    assertClose(actual.evaluated.data, expected.evaluated.data, 2e-5, 'logits of an evaluation');
  }
  for (const [tensor, { data }] of aten!.state) {
    // Means may be small beside what they are means of.
    const tolerance = tensor.endsWith('running_mean') ? 1e-4 : 2e-5;
    assertClose(fused!.state.get(tensor)!.data, data, tolerance, tensor);
  }
}

/** bf16: logits and, unless quantizers make them jump, gradients. */
export async function assertNearLibtorch(
  space: SearchSpace,
  architectures: readonly Architecture[],
  { gradients = true } = {},
): Promise<void> {
  const [aten, fused] = await results(space, architectures, { precision: 'bf16' });
  for (const [i, expected] of aten!.runs.entries()) {
    const actual = fused!.runs[i]!;
    assertClose(actual.logits.data, expected.logits.data, 0.05, 'logits');
    for (const [parameter, { data }] of gradients ? expected.gradients : [])
      assertClose(actual.gradients.get(parameter)!.data, data, 0.15, `gradient of ${parameter}`);
  }
}
