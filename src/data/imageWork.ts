import { checkCallbacks } from '../core/check.js';
import { callNative, cancellation } from '../runtime/call.js';
import type { ImageWork, NativeCancel } from '../runtime/native.js';

export interface ImageWorkOptions {
  signal?: AbortSignal | undefined;
  /** Told several times a second how many images are done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const PROGRESS_MILLISECONDS = 200;

/**
 * Waits for a long native work on images; an abort stops it, progress is asked for at intervals. What the callback throws
 * ends the work and rejects the call: thrown by a timer it would end the process.
 */
export async function finishImageWork<Result>(
  start: (cancel: NativeCancel) => ImageWork<Result>,
  { signal, onProgress }: ImageWorkOptions,
): Promise<Result> {
  checkCallbacks({ onProgress });
  using cancel = cancellation(signal);
  let thrown: { error: unknown } | undefined;
  const work = callNative(() => start(cancel.native));
  const tell = (): void => {
    const [done, total] = work.progress();
    if (total === 0 || thrown !== undefined) return;
    try {
      onProgress?.(done, total);
    } catch (error) {
      thrown = { error };
      cancel.native.cancel();
    }
  };
  const timer = setInterval(tell, PROGRESS_MILLISECONDS);
  try {
    const result = await callNative(() => work.result);
    tell();
    return result;
  } finally {
    clearInterval(timer);
    // biome-ignore lint/correctness/noUnsafeFinally: in place of ABORTED, or of a result that came meanwhile
    if (thrown !== undefined) throw thrown.error;
  }
}
