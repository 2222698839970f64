import { runtimeSchema } from '../config/schema/runtime.js';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { addon } from '../runtime/addon.js';
import { callNative, cancellation, withProgress } from '../runtime/call.js';
import type {
  EvaluateResult,
  NativeBatch,
  NativeNetwork,
  ParallelStep,
  StepOptions,
  StepResult,
  TensorEntry,
} from '../runtime/native.js';
import { checkArchitecture } from '../space/architecture.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import { checkBatch, describeNetwork } from './description.js';

export interface SupernetOptions {
  /** `cpu` or `cuda:N`. Default `cpu`. */
  device?: string;
  /** Default `fused` on a CPU. */
  kernels?: 'fused' | 'aten';
  /** Storage of activations; `tf32` is fp32 whose products a GPU may round to 10 bits. Default `fp32`. */
  precision?: 'fp32' | 'bf16' | 'tf32';
  /** On a GPU: layers as CUDA graphs, with the same results. Default true. */
  graphs?: boolean;
  /**
   * On a GPU: `evaluate`, `validate` and `forward` fold BatchNorm into the 1x1 convolutions before it; logits stay within
   * 1e-4 of the largest. Default true.
   */
  folded?: boolean;
  /** Seed of the initial weights. Default 0. */
  seed?: number;
}

export interface EvaluateSettings {
  /** Fixed calibration batches: see `recalibrate`. */
  calibration: NativeBatch[];
  /** The same validation batches score every path. */
  validation: NativeBatch[];
  /**
   * Bytes that the results of shared layers and the candidates' BatchNorm statistics may take. Default 1 GiB, or on a GPU a
   * quarter of what is free there.
   */
  memoryBytes?: number;
  /** Evaluate common prefixes once (default); false evaluates each path alone, with the same scores. */
  share?: boolean;
  signal?: AbortSignal | undefined;
  /** At most ten times a second, and at the end. What it throws ends the evaluation and rejects the call. */
  onProgress?: (done: number, total: number) => void;
}

export interface ValidateResult {
  correct: number;
  top5: number;
  /** Mean cross-entropy. */
  loss: number;
  images: number;
}

const DEFAULTS = runtimeSchema.parse({});
const DEFAULT_MEMORY = 2 ** 30;
/** The native side looks how much is free. */
const UNKNOWN_MEMORY = -1;

/** Shares of the images that are right (top-1 and top-5, in [0, 1]) and the mean cross-entropy. */
export function accuraciesOf({ correct, top5, loss, images }: ValidateResult): {
  accuracy: number;
  top5: number;
  loss: number;
} {
  return { accuracy: correct / images, top5: top5 / images, loss };
}

/**
 * The weights of a search space: one set of shared parameters, of which each call runs a single path
 * (arXiv 1904.00420, section 3). A network to retrain is the supernet of a space without genes.
 *
 * Calls are queued and run one after another on the engine thread; the event loop never blocks.
 */
export class Supernet implements Disposable {
  readonly #network: NativeNetwork;
  readonly #checked = new WeakSet<NativeBatch>();
  readonly #memory: number;
  #disposed = false;

  constructor(
    readonly space: SearchSpace,
    options: SupernetOptions = {},
  ) {
    checkArguments('Supernet', { space, options });
    const {
      device = DEFAULTS.device,
      kernels = DEFAULTS.kernels,
      precision = DEFAULTS.precision,
      graphs = DEFAULTS.graphs,
      folded = DEFAULTS.folded,
      seed = 0,
    } = options;
    this.#memory = device === 'cpu' ? DEFAULT_MEMORY : UNKNOWN_MEMORY;
    const settings = { device, kernels, precision, graphs, folded, seed };
    this.#network = callNative(() => new (addon().Network)(describeNetwork(space), settings));
  }

  /**
   * One optimizer step on one path; several batches accumulate into one gradient. Parameters off the path keep
   * their value, momentum and decay untouched.
   *
   * A second step may be called while one runs: the results of the first come while the second is computed, so that
   * neither the engine nor a GPU waits for JavaScript. Where a step fails, those called before that was known are not
   * taken either.
   *
   * @param parallel shares the step with other processes: the batches are those of this one's shards.
   * @throws SinglePathError `NON_FINITE_LOSS` (nothing is updated), `ABORTED` (a step before it failed), `OUT_OF_MEMORY`,
   *   `DEVICE_FAILED`, `DISPOSED`; with other processes also `RANK_LOST` and `RANKS_DIFFER`, on all of them.
   */
  async step(
    batches: NativeBatch | NativeBatch[],
    architecture: Architecture,
    options: StepOptions,
    parallel?: ParallelStep,
  ): Promise<StepResult> {
    const list = Array.isArray(batches) ? batches : [batches];
    return callNative(() =>
      this.#live().step(this.#fitting(list), this.#genes(architecture), options, parallel),
    );
  }

  /** Loss, logits and gradients of a path. Nothing is updated, not even the running statistics. */
  async gradients(batch: NativeBatch, architecture: Architecture, options: StepOptions) {
    return callNative(() =>
      this.#live().gradients(this.#fitting([batch])[0]!, this.#genes(architecture), options),
    );
  }

  /** Logits [N, classes] with the running statistics in the buffers. */
  async forward(batch: NativeBatch, architecture: Architecture): Promise<TensorEntry> {
    return callNative(() => this.#live().forward(this.#fitting([batch])[0]!, this.#genes(architecture)));
  }

  /**
   * Writes the BatchNorm statistics of the path over `batches` into the buffers (for export, validate): mean and
   * unbiased variance over all images x pixels of all batches, however the images are cut into batches.
   *
   * While this runs each BatchNorm normalizes what follows by its own batch, as in training. What a deeper layer sees
   * depends on the cut that far; with all images in one batch it does not.
   */
  async recalibrate(batches: NativeBatch[], architecture: Architecture, signal?: AbortSignal): Promise<void> {
    using token = cancellation(signal);
    return await callNative(() =>
      this.#live().recalibrate(this.#fitting(batches), this.#genes(architecture), token.native),
    );
  }

  /**
   * Scores a population: BatchNorm is recalibrated for each path, then the path is validated. Nothing of it stays
   * in the supernet, so scores do not depend on the order or company of the candidates.
   */
  async evaluate(
    architectures: readonly Architecture[],
    settings: EvaluateSettings,
  ): Promise<EvaluateResult> {
    checkArguments('evaluate()', { architectures, settings });
    const { memoryBytes = this.#memory, share = true, onProgress } = settings;
    const flat = Int32Array.from(architectures.flatMap((a) => [...this.#genes(a)]));
    if (settings.calibration?.length === 0 || settings.validation?.length === 0) {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        'Expected at least one calibration and one validation batch',
      );
    }
    using token = cancellation(settings.signal);
    return await withProgress(onProgress, token.native, (report) =>
      this.#live().evaluate(
        flat,
        this.#fitting(settings.calibration),
        this.#fitting(settings.validation),
        { memoryBytes, share, count: architectures.length },
        token.native,
        report,
      ),
    );
  }

  /**
   * NASWOT (arXiv 2006.04647): log |det K| of the kernel of activation patterns over the images of one batch, with the
   * weights as they are (meant for untrained ones). Higher is better; common prefixes run once.
   */
  async naswot(
    architectures: readonly Architecture[],
    batch: NativeBatch,
    { signal, onProgress }: Pick<EvaluateSettings, 'signal' | 'onProgress'> = {},
  ): Promise<number[]> {
    checkArguments('naswot()', { architectures });
    const flat = Int32Array.from(architectures.flatMap((a) => [...this.#genes(a)]));
    using token = cancellation(signal);
    return await withProgress(onProgress, token.native, (report) =>
      this.#live().naswot(flat, architectures.length, this.#fitting([batch])[0]!, token.native, report),
    );
  }

  /** Accuracy of one path with the running statistics in the buffers. */
  async validate(
    batches: NativeBatch[],
    architecture: Architecture,
    signal?: AbortSignal,
  ): Promise<ValidateResult> {
    using token = cancellation(signal);
    return await callNative(() =>
      this.#live().validate(this.#fitting(batches), this.#genes(architecture), token.native),
    );
  }

  /** Layers and choices that are CUDA graphs by now, in training and for candidates, and why others cannot be (null: all can). */
  async graphs(): Promise<{ recorded: number; refusal: string | null }> {
    return callNative(() => this.#live().graphs());
  }

  /** Copies of all parameters, buffers and optimizer momenta (`optimizer.<name>`), sorted by name. */
  async state(): Promise<TensorEntry[]> {
    return callNative(() => this.#live().state());
  }

  /** Replaces tensors by name; every name must exist with the same shape. */
  async load(entries: TensorEntry[]): Promise<void> {
    return callNative(() => this.#live().load(entries));
  }

  /** Frees the native memory, after the calls that are still running. It may be called twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#network.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): NativeNetwork {
    if (this.#disposed)
      throw new SinglePathError('DISPOSED', `The supernet of '${this.space.name}' was used after dispose()`);
    return this.#network;
  }

  #fitting(batches: NativeBatch[]): NativeBatch[] {
    checkArguments(`a call of the supernet of '${this.space.name}'`, { batches });
    for (const batch of batches) {
      if (this.#checked.has(batch)) continue;
      checkBatch(this.space, batch);
      this.#checked.add(batch);
    }
    return batches;
  }

  #genes(architecture: Architecture): Int32Array {
    checkArchitecture(this.space, architecture);
    return Int32Array.from(architecture);
  }
}
