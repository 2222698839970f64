import { cancellation, withProgress } from '../runtime/call.js';
import type { ImageWork, NativeCancel } from '../runtime/native.js';

export interface ImageWorkOptions {
  signal?: AbortSignal | undefined;
  /** Told several times a second how many images are done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const PROGRESS_MILLISECONDS = 200;

/** Waits for a long native work on images; an abort stops it, progress is asked for at intervals. */
export async function finishImageWork<Result>(
  start: (cancel: NativeCancel) => ImageWork<Result>,
  { signal, onProgress }: ImageWorkOptions,
): Promise<Result> {
  using cancel = cancellation(signal);
  return await withProgress(onProgress, cancel.native, async (report) => {
    const work = start(cancel.native);
    const tell = (): void => {
      const [done, total] = work.progress();
      if (total > 0) report(done, total);
    };
    const timer = setInterval(tell, PROGRESS_MILLISECONDS);
    try {
      const result = await work.result;
      tell();
      return result;
    } finally {
      clearInterval(timer);
    }
  });
}
