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
