import { z } from 'zod';
import { runtimeSchema } from '../../config/schema/runtime.js';
import { SinglePathError } from '../../core/errors.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { ops } from '../../graph/ops/index.js';
import { inferShapes, readerOf } from '../../graph/walk.js';
import type { DeviceSettings, JobResult, Plan } from '../device/session.js';
import type { Block } from '../rows.js';
import type { BlockMessage, RunMessage } from './protocol.js';

/** What an agent takes, whoever sends it. */
const positive = z.int().min(1);
const seconds = z.number().min(0);
const settingsSchema = z.strictObject({
  runtime: z.enum(['singlepath', 'torchscript', 'onnxruntime']),
  threads: positive.max(1024),
  batch: positive,
  dtype: z.enum(['fp32', 'bf16']),
  kernels: z.enum(['fused', 'aten']),
  device: runtimeSchema.shape.device,
});
const runSchema = z.strictObject({
  id: z.int(),
  stop: z.strictObject({
    warmUpSeconds: seconds,
    warmUpCalls: z.int().min(0),
    samples: positive,
    tolerance: seconds,
    maxSeconds: seconds,
    timeout: seconds,
  }),
  blocks: z.array(z.unknown()),
  jobs: z.array(z.strictObject({ seq: z.int(), blocks: z.array(z.int().min(0)), timers: z.boolean() })),
});
const shapeSchema = z.strictObject({ channels: positive, height: positive, width: positive });
const nodesSchema = z.array(z.looseObject({ op: z.string(), inputs: z.array(z.int().min(0)) }));

/** @throws SinglePathError `INVALID_ARGUMENT`. */
export function checkedSettings(settings: DeviceSettings): DeviceSettings {
  return parsed(settingsSchema, settings, 'settings');
}

/**
 * The jobs of a run that can be tried, and the results of the others: a block that this version does not know is the
 * status of the jobs that hold it.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` where the message itself makes no sense.
 */
export function checkedRun(message: RunMessage): { plan: Plan; refused: JobResult[] } {
  const { stop, jobs } = parsed(runSchema, message, 'a run');
  const blocks = message.blocks.map(blockOrProblem);
  const refused: JobResult[] = [];
  const good = jobs.filter((job) => {
    const problem = job.blocks.map((index) => blocks[index] ?? `block ${index} was not sent`).find(isProblem);
    if (problem === undefined) return true;
    refused.push({ seq: job.seq, status: 'failed', error: problem, totals: [] });
    return false;
  });
  const nothing: Block = { input: { channels: 1, height: 1, width: 1 }, graph: { nodes: [] } };
  return {
    plan: { stop, jobs: good, blocks: blocks.map((block) => (isProblem(block) ? nothing : block)) },
    refused,
  };
}

const isProblem = (block: Block | string): block is string => typeof block === 'string';

function blockOrProblem({ input, nodes }: BlockMessage): Block | string {
  try {
    const shape = parsed(shapeSchema, input, 'the input of a block');
    const graph = graphOf(parsed(nodesSchema, JSON.parse(nodes), 'the nodes of a block'));
    inferShapes(graph, shape, readerOf([]));
    return { input: shape, graph };
  } catch (error) {
    return `this agent cannot run the block: ${(error as Error).message}`;
  }
}

/** Names are the agent's own: they become names in TorchScript and ONNX files. */
function graphOf(nodes: readonly { op: string; inputs: number[] }[]): Graph {
  return {
    nodes: nodes.map((node, index) => {
      if (!Object.hasOwn(ops, node.op)) throw new Error(`it does not know the op '${node.op}'`);
      return { ...node, name: String(index) } as GraphNode;
    }),
  };
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected ${what} as proto/latency.proto has them but ${issue!.path.join('.')}: ${issue!.message}`,
  );
}
