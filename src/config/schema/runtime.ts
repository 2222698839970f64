import { z } from 'zod';

/** The device, kernels and threads that compute. */
export const runtimeSchema = z.strictObject({
  device: z
    .string()
    .regex(/^(cpu|cuda(:\d+)?)$/, { error: 'cpu, cuda or cuda:N' })
    .default('cpu')
    .describe('cpu, cuda or cuda:N'),
  kernels: z
    .enum(['fused', 'aten'])
    .default('fused')
    .describe(
      'fused: our kernels, which on a CPU run a chain of ops as one piece, and on a GPU BatchNorm with the activation behind it; aten: op by op through libtorch, the reference',
    ),
  precision: z
    .enum(['fp32', 'bf16', 'tf32'])
    .default('fp32')
    .describe(
      'How activations are stored and, on AMD processors, the factors of matrix products; weights and sums stay float32. tf32, on a GPU: fp32 whose products are rounded to 10 bits of mantissa',
    ),
  graphs: z
    .boolean()
    .default(true)
    .describe(
      'On a GPU: run layers as CUDA graphs, one for each choice, with the same results in less time; false launches each kernel by itself',
    ),
  folded: z
    .boolean()
    .default(true)
    .describe(
      'On a GPU: validate with BatchNorm folded into the 1x1 convolutions before it, in fewer passes over memory; fused CPU kernels always fold. Scores agree with those of false to rounding',
    ),
  threads: z
    .int()
    .min(0)
    .default(0)
    .describe('Threads that compute one op; 0 uses all cores that the process may use'),
});
