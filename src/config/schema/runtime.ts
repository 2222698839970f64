import { z } from 'zod';

/** What the numbers run on. */
export const runtimeSchema = z.strictObject({
  device: z
    .string()
    .regex(/^(cpu|cuda(:\d+)?)$/, { error: 'cpu, cuda or cuda:N' })
    .default('cpu')
    .describe('cpu, cuda or cuda:N'),
  kernels: z
    .enum(['fused', 'aten'])
    .default('fused')
    .describe('fused: fused CPU kernels where a chain is recognized; aten: op by op, the reference'),
  precision: z
    .enum(['fp32', 'bf16'])
    .default('fp32')
    .describe('Storage of activations, and on AMD factors of matrix products; weights and sums stay float32'),
  threads: z.int().min(0).default(0).describe('Threads of one operation; 0 is the cores the process may use'),
});
export type RuntimeConfig = z.infer<typeof runtimeSchema>;
