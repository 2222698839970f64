import { access } from 'node:fs/promises';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { ioError } from '../core/files.js';
import { addon } from '../runtime/addon.js';
import { callNative, cancellation } from '../runtime/call.js';
import type { NativeBatch, NativeScript, TensorEntry } from '../runtime/native.js';
import type { ValidateResult } from '../supernet/supernet.js';

/** A network in a TorchScript file: what `exportSubnet` writes, or any that maps images to logits. */
export class Script implements Disposable {
  #disposed = false;

  private constructor(
    readonly path: string,
    readonly native: NativeScript,
  ) {
    checkArguments('Script', { path, script: native });
  }

  /**
   * @param device `cpu` or `cuda:N`: where it runs.
   * @throws SinglePathError `IO` where it cannot be read, `INVALID_CHECKPOINT` where it holds no TorchScript,
   *   `DEVICE_UNAVAILABLE`.
   */
  static async load(path: string, device = 'cpu'): Promise<Script> {
    await access(path).catch((error: unknown) => {
      throw ioError('read', path, error);
    });
    const native = await callNative(() => addon().loadScript(path, device)).catch((cause: unknown) => {
      if (cause instanceof SinglePathError && cause.code !== 'NATIVE') throw cause;
      throw new SinglePathError(
        'INVALID_CHECKPOINT',
        `Expected a TorchScript file in '${path}' but it does not load: ${firstLine(cause)}`,
        { cause, hint: 'files of singlepath export and of torch.jit.save load; state_dicts do not' },
      );
    });
    return new Script(path, native);
  }

  /** Logits [N, classes] of a batch. @throws SinglePathError `INVALID_ARGUMENT` where its images do not fit. */
  async forward(batch: NativeBatch): Promise<TensorEntry> {
    return this.#run(batch, () => this.#live().forward(batch));
  }

  /** @throws SinglePathError `INVALID_ARGUMENT` where images or labels do not fit, `ABORTED`. */
  async validate(batches: NativeBatch[], signal?: AbortSignal): Promise<ValidateResult> {
    using token = cancellation(signal);
    return await this.#run(batches[0], () => this.#live().validate(batches, token.native));
  }

  /** Frees the native memory; calling it twice is fine. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.native.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): NativeScript {
    if (this.#disposed) {
      throw new SinglePathError('DISPOSED', `The network of '${this.path}' was used after dispose()`);
    }
    return this.native;
  }

  /** What libtorch says when a foreign network gets our images is about its insides. */
  async #run<T>(batch: NativeBatch | undefined, call: () => Promise<T>): Promise<T> {
    try {
      return await callNative(call);
    } catch (cause) {
      if (!(cause instanceof SinglePathError) || cause.code !== 'NATIVE') throw cause;
      const images = batch === undefined ? 'images' : `images [${batch.shape.join(', ')}]`;
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected a network that maps ${images} to logits in '${this.path}' but it fails: ${firstLine(cause)}`,
        { cause, hint: 'use the space, input size and classes it was exported with' },
      );
    }
  }
}

/** The line of a TorchScript error that says what is wrong: the last, after the trace of its source. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error: /.test(line)) ?? lines[0] ?? 'for an unknown reason';
}
