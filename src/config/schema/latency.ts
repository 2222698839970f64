import { z } from 'zod';

const seconds = z.number().min(0);

/** What networks will run with on the device, and how times are measured (docs/latency.md). */
export const latencySchema = z.strictObject({
  runtime: z
    .enum(['singlepath', 'torchscript', 'onnxruntime'])
    .default('singlepath')
    .describe(
      'What runs the blocks: our kernels with BatchNorm folded, libtorch on a frozen TorchScript module, or onnxruntime where it is installed',
    ),
  dtype: z
    .enum(['fp32', 'bf16'])
    .default('fp32')
    .describe('Storage of activations; a table of the other one is refused as a constraint'),
  batch: z.int().positive().default(1).describe('Images at once; a table of another batch is refused'),
  threads: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Threads of one operation; null measures with one and accepts tables of any number'),
  method: z
    .enum(['in_context', 'isolated', 'both'])
    .default('in_context')
    .describe('in_context: block timers inside random single paths; isolated: each block alone'),
  paths: z
    .int()
    .positive()
    .default(150)
    .describe('in_context: random paths at least; more are taken until every row has converged'),
  maxPaths: z.int().positive().default(300).describe('in_context: random paths at most'),
  repetitions: z
    .int()
    .positive()
    .default(15)
    .describe(
      'Visits of each row or network, interleaved with those of the others; up to four times as many of networks whose times are not known to the tolerance',
    ),
  warmUp: seconds.default(0.5).describe('Seconds of calls before the first samples of a block are taken'),
  warmUpCalls: z.int().min(0).default(20).describe('Calls before the samples of every visit, at least'),
  samples: z.int().min(5).default(20).describe('Samples of a visit, at least'),
  tolerance: z
    .number()
    .positive()
    .max(1)
    .default(0.01)
    .describe('A visit ends when the 95 % confidence interval of the median is within this part of it'),
  maxTime: seconds
    .default(0.1)
    .describe('Seconds of samples of a visit at most; many short visits see the same machine on average'),
  timeout: z.number().positive().default(120).describe('Seconds after which a call that hangs is given up'),
  sentinelEvery: z
    .int()
    .positive()
    .default(20)
    .describe('Visits between two of the sentinel, which tells whether the machine changed its speed'),
  drift: z
    .number()
    .positive()
    .default(0.03)
    .describe('Change of the sentinel that has the window measured again'),
  coolDown: seconds.default(3).describe('Seconds to wait before a window is measured again'),
  retries: z.int().min(0).default(1).describe('Times a window is measured again; then its rows are flagged'),
  verifyPaths: z.int().min(1).default(30).describe('Held-out whole networks of latency verify and calibrate'),
  tables: z
    .record(z.string(), z.string())
    .default({})
    .describe(
      'Files of lookup tables by the name that constraints and objectives give them; latency[pi.lut] finds pi.lut beside the configuration by itself',
    ),
  finalists: z
    .int()
    .min(0)
    .default(5)
    .describe('Best candidates of a search under a latency constraint that are measured as whole networks'),
});
export type LatencyConfig = z.infer<typeof latencySchema>;
