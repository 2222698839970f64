import { SinglePathError } from '../../core/errors.js';
import { checkThreads, loadOnnxRuntime } from '../../export/onnxNetwork.js';
import { buildGraph, relu } from '../../graph/build.js';
import type { TimingOptions } from '../../runtime/native.js';
import { type Block, blockKey } from '../rows.js';
import type { Environment } from '../table.js';
import { machineEnvironment } from './machine.js';
import { onnxOf, randomImages } from './networkFiles.js';
import { eachJob, type MeasureJob, sample } from './sampling.js';
import type { JobResult, Plan, RunSettings, Session } from './session.js';

type Found = NonNullable<Awaited<ReturnType<typeof loadOnnxRuntime>>>;

/** Measures on this machine with onnxruntime, which runs networks as a whole. */
export class OnnxRuntimeSession implements Session {
  readonly abilities = { timers: false, overhead: true } as const;

  private constructor(
    readonly options: RunSettings,
    readonly found: Found,
  ) {}

  /** @throws SinglePathError `NATIVE_MISSING` where onnxruntime is not installed, `INVALID_ARGUMENT` for bf16 and threads that it does not have. */
  static async open(options: RunSettings): Promise<OnnxRuntimeSession> {
    if (options.dtype !== 'fp32') {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected fp32 for onnxruntime but received ${options.dtype}`,
      );
    }
    const found = await loadOnnxRuntime();
    if (found !== undefined) {
      checkThreads(found.name, options.threads);
      return new OnnxRuntimeSession(options, found);
    }
    throw new SinglePathError('NATIVE_MISSING', 'Expected a package that runs ONNX files', {
      hint: 'npm install onnxruntime-node',
    });
  }

  async environment(): Promise<Environment> {
    const { name, version } = this.found;
    return {
      ...machineEnvironment(this.options),
      runtimeVersion: `${name} ${version}`,
      layout: 'contiguous',
    };
  }

  run(plan: Plan, { signal }: { signal?: AbortSignal | undefined }): AsyncIterable<JobResult> {
    return eachJob(plan, signal, this.#measure);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  readonly #measure: MeasureJob = async (job, chain, stop, signal) => {
    const { runtime } = this.found;
    const { batch, threads } = this.options;
    if (chain.length === 0)
      throw new SinglePathError('INVALID_ARGUMENT', 'Expected at least one block to time');
    const refused = (cause: unknown): never => {
      if (signal?.aborted) throw new SinglePathError('ABORTED', 'The measurement was stopped', { cause });
      const what = chain.map(blockKey).join(' | ');
      const why = (cause as Error).message;
      throw new SinglePathError('MEASUREMENT', `onnxruntime does not run ${what}: ${why}`, { cause });
    };
    const bytes = await onnxOf(withAnOp(chain));
    const options = { logSeverityLevel: 3, intraOpNumThreads: threads, interOpNumThreads: 1 } as const;
    const session = await runtime.InferenceSession.create(bytes, {
      ...options,
      executionMode: 'sequential',
    }).catch(refused);
    try {
      const { channels, height, width } = chain[0]!.input;
      const images = randomImages(batch * channels * height * width);
      const feeds = {
        [session.inputNames[0]!]: new runtime.Tensor('float32', images, [batch, channels, height, width]),
      };
      return await sample(job, stop, true, (options) => time(() => session.run(feeds), options, signal));
    } catch (error) {
      return refused(error);
    } finally {
      await session.release();
    }
  };
}

/** A file without a single op does not load: identity is a ReLU there, as cheap as an op can be. */
function withAnOp(chain: readonly Block[]): readonly Block[] {
  if (chain.some(({ graph }) => graph.nodes.length > 0)) return chain;
  return [{ input: chain[0]!.input, graph: buildGraph('0', relu(), true) }];
}

/** Nanoseconds of calls one after another, each awaited: what a program that uses it waits. */
async function time(
  call: () => Promise<unknown>,
  { calls, seconds, inner }: TimingOptions,
  signal: AbortSignal | undefined,
): Promise<{ totals: Float64Array; blocks: Float64Array }> {
  const totals: number[] = [];
  const first = process.hrtime.bigint();
  do {
    signal?.throwIfAborted();
    const start = process.hrtime.bigint();
    for (let i = 0; i < inner; i++) await call();
    totals.push(Number(process.hrtime.bigint() - start) / inner);
  } while (totals.length < calls && Number(process.hrtime.bigint() - first) < seconds * 1e9);
  return { totals: Float64Array.from(totals), blocks: new Float64Array(0) };
}
