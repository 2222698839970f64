import { checkCallbacks } from '../core/check.js';
import { type ErrorCode, SinglePathError } from '../core/errors.js';
import { addon } from './addon.js';
import type { NativeCancel } from './native.js';

/**
 * Runs a native call and maps what it throws, now or later, to {@link SinglePathError}. Native errors carry their
 * code in `error.code`.
 */
export function callNative<T>(call: () => T): T {
  try {
    const result = call();
    if (result instanceof Promise) {
      return result.catch((error: unknown) => {
        throw asSinglePathError(error);
      }) as T;
    }
    return result;
  } catch (error) {
    throw asSinglePathError(error);
  }
}

function asSinglePathError(error: unknown): unknown {
  if (error instanceof SinglePathError || !(error instanceof Error)) return error;
  const { code, hint } = error as Error & { code?: ErrorCode; hint?: string };
  return new SinglePathError(code ?? 'NATIVE', error.message, { hint, cause: error });
}

/** Connects an AbortSignal to a native cancel token for the time of one call. */
export function cancellation(signal: AbortSignal | undefined): { native: NativeCancel } & Disposable {
  if (signal?.aborted)
    throw new SinglePathError('ABORTED', 'Aborted before it started', { cause: signal.reason });
  const native = new (addon().Cancel)();
  const onAbort = () => native.cancel();
  signal?.addEventListener('abort', onAbort, { once: true });
  return { native, [Symbol.dispose]: () => signal?.removeEventListener('abort', onAbort) };
}

/**
 * Runs a native call that tells how far it is. What the callback throws belongs to this call: it ends the work and rejects
 * it, where the addon could only end the process.
 */
export async function withProgress<T>(
  onProgress: ((done: number, total: number) => void) | undefined,
  cancel: NativeCancel,
  call: (report: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  checkCallbacks({ onProgress });
  let thrown: { error: unknown } | undefined;
  const report = (done: number, total: number) => {
    if (thrown !== undefined) return;
    try {
      onProgress?.(done, total);
    } catch (error) {
      thrown = { error };
      cancel.cancel();
    }
  };
  try {
    return await callNative(() => call(report));
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: in place of ABORTED, or of a result that came meanwhile
    if (thrown !== undefined) throw thrown.error;
  }
}
