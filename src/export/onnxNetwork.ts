import { access } from 'node:fs/promises';
import { expected, SinglePathError } from '../core/errors.js';
import { ioError } from '../core/files.js';
import type { NativeBatch, TensorEntry } from '../runtime/native.js';
import type { ValidateResult } from '../supernet/supernet.js';
import { addScore } from './scoreLogits.js';

/** The part of onnxruntime's interface that is used: `onnxruntime-node` and `onnxruntime-web` share it. */
interface Runtime {
  InferenceSession: {
    create(file: string | Uint8Array, options: object): Promise<Session>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => RuntimeTensor;
  env: { wasm: { numThreads?: number }; logLevel?: string; versions?: { common: string; node?: string } };
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, RuntimeTensor>): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}
interface RuntimeTensor {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** Packages that run ONNX files, the faster first. Neither is a dependency: they are hundreds of megabytes. */
const PACKAGES = ['onnxruntime-node', 'onnxruntime-web'];

/** Whichever of the packages is installed; undefined where none is. */
export async function loadOnnxRuntime(): Promise<
  { name: string; version: string; runtime: Runtime } | undefined
> {
  for (const name of PACKAGES) {
    try {
      const module = (await import(name)) as Runtime & { default?: Runtime };
      const runtime = module.InferenceSession === undefined ? module.default! : module;
      if (!hasThreads(name)) runtime.env.wasm.numThreads = 1; // its threads are web workers
      return { name, version: runtime.env.versions?.common ?? 'unknown', runtime };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  return undefined;
}

/** Whether a package computes one op with as many threads as it is told. */
export function hasThreads(name: string): boolean {
  return name !== 'onnxruntime-web';
}

/** @throws SinglePathError `INVALID_ARGUMENT` where the package computes with one thread and more are asked for. */
export function checkThreads(name: string, threads: number): void {
  if (hasThreads(name) || threads <= 1) return;
  throw expected('at most 1, as onnxruntime-web computes with one thread,', 'threads', threads, {
    hint: 'npm install onnxruntime-node, which takes any number',
  });
}

/** A network in an ONNX file, run by onnxruntime on the CPU: one input of images, one output of logits. */
export class OnnxNetwork implements Disposable {
  private constructor(
    readonly path: string,
    /** The package that runs it. */
    readonly runtimeName: string,
    readonly runtime: Runtime,
    readonly session: Session,
  ) {}

  /**
   * @param threads that compute one op; 0 leaves it to onnxruntime.
   * @throws SinglePathError `IO` where it cannot be read, `INVALID_CHECKPOINT` where it is not an ONNX file that
   *   onnxruntime runs, `NATIVE_MISSING` where no onnxruntime is installed, `INVALID_ARGUMENT` for threads that it does not have.
   */
  static async load(path: string, threads = 0): Promise<OnnxNetwork> {
    await access(path).catch((error: unknown) => {
      throw ioError('read', path, error);
    });
    const found = await loadOnnxRuntime();
    if (found === undefined) {
      throw new SinglePathError('NATIVE_MISSING', `Expected a package that runs ONNX files, for '${path}'`, {
        hint: 'npm install onnxruntime-node',
      });
    }
    const { name, runtime } = found;
    checkThreads(name, threads);
    try {
      const session = await runtime.InferenceSession.create(path, {
        logSeverityLevel: 3,
        ...(threads > 0 && { intraOpNumThreads: threads }),
      });
      return new OnnxNetwork(path, name, runtime, session);
    } catch (cause) {
      throw new SinglePathError(
        'INVALID_CHECKPOINT',
        `Expected an ONNX file in '${path}' but ${name} does not load it: ${message(cause)}`,
        { cause, hint: 'an opset newer than the installed onnxruntime is refused too' },
      );
    }
  }

  /** Logits [N, classes] of a batch. @throws SinglePathError `INVALID_ARGUMENT` where its images do not fit. */
  async forward(batch: NativeBatch): Promise<TensorEntry> {
    const { inputNames, outputNames } = this.session;
    try {
      const images = new this.runtime.Tensor('float32', batch.images(), batch.shape);
      const { [outputNames[0]!]: logits } = await this.session.run({ [inputNames[0]!]: images });
      return { name: 'logits', shape: [...logits!.dims], data: Float32Array.from(logits!.data) };
    } catch (cause) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected a network that maps images [${batch.shape.join(', ')}] to logits in '${this.path}' but it fails: ${message(cause)}`,
        { cause, hint: 'use the space, input size and classes it was exported with' },
      );
    }
  }

  /** @throws SinglePathError `INVALID_ARGUMENT` where images or labels do not fit, `ABORTED`. */
  async validate(batches: NativeBatch[], signal?: AbortSignal): Promise<ValidateResult> {
    const sum: ValidateResult = { correct: 0, top5: 0, loss: 0, images: 0 };
    for (const batch of batches) {
      if (signal?.aborted) throw new SinglePathError('ABORTED', 'The evaluation was stopped');
      addScore(sum, await this.forward(batch), batch.labels());
    }
    return { ...sum, loss: sum.loss / Math.max(1, sum.images) };
  }

  /** Frees the runtime's memory, soon. */
  [Symbol.dispose](): void {
    void this.session.release();
  }
}

function message(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
