import type { Graph } from '../../graph/graph.js';
import type { ParameterSpec } from '../../graph/node/types.js';
import type { NativeBatch } from './batch.js';
import type { NativeCancel } from './cancel.js';
import type { ParallelStep } from './group.js';
import type { TensorEntry } from './tensor.js';

/** What the executor needs of a space: native/graph/graph.h. */
export interface NetworkDescription {
  layers: { name: string; gene: number; choices: { name: string; graph: Graph }[] }[];
  /** Each gene belongs to one layer, which depends on no other gene. */
  genes: { size: number; layer: number }[];
  parameters: ParameterSpec[];
}

export interface NetworkOptions {
  /** `cpu` or `cuda:N`. */
  device: string;
  /** `fused`: our kernels for what they can do on the device; `aten`: op by op (the reference). */
  kernels: 'fused' | 'aten';
  /** Storage of activations; weights and sums stay float32. tf32: fp32 whose products a GPU may round to TF32. */
  precision: 'fp32' | 'bf16' | 'tf32';
  /** On a GPU: layers as CUDA graphs, one for each choice, in training and for candidates. */
  graphs: boolean;
  /** On a GPU: validation and `forward` with BatchNorm folded into pointwise convolutions. */
  folded: boolean;
  /** Seed of the initial weights. */
  seed: number;
}

export interface StepOptions {
  learningRate: number;
  momentum: number;
  nesterov: boolean;
  /** Applied to weights with more than one dimension only. */
  weightDecay: number;
  labelSmoothing: number;
  /** Largest allowed gradient norm over the path; 0 switches clipping off. */
  clipGradientNorm: number;
  /** Key of the dropout masks: 64 bits as two unsigned 32-bit halves. */
  randomKey: [number, number];
}

export interface StepResult {
  /** Mean over all images of all batches. */
  loss: number;
  correct: number;
  images: number;
  /** Euclidean norm of the gradient of the whole path, before clipping. A step is not taken where it is not finite. */
  gradientNorm: number;
  /** A rank of the group was asked to stop. */
  stop?: boolean;
  /** Seconds in which this rank exchanged with others, waiting for them included. */
  communication?: number;
}

export interface EvaluateOptions {
  /** Bytes that the results of shared layers may take; results that do not fit are computed again. -1: see EvaluateSettings. */
  memoryBytes: number;
  /** False evaluates each path alone (the reference for tests). */
  share: boolean;
  /** Number of architectures. */
  count: number;
}

export interface EvaluateResult {
  /** Per architecture, over all validation images. */
  correct: number[];
  top5: number[];
  loss: number[];
  images: number;
  /** Layers that were run, and those that evaluating each path alone would have run. The difference is what sharing saved. */
  layersRun: number;
  layersAlone: number;
}

export interface NativeNetwork {
  /**
   * One optimizer step on one path; several batches are accumulated into one gradient. With `parallel` they are those of
   * this rank's shards in turn, and the result is that of all ranks.
   */
  step(
    batches: NativeBatch[],
    architecture: Int32Array,
    options: StepOptions,
    parallel?: ParallelStep,
  ): Promise<StepResult>;
  /** Loss and gradients of the path; running statistics stay as they are: for tests and library users. */
  gradients(
    batch: NativeBatch,
    architecture: Int32Array,
    options: StepOptions,
  ): Promise<{ loss: number; logits: TensorEntry; input: TensorEntry; gradients: TensorEntry[] }>;
  /** Logits [N, classes] with the running statistics in the buffers. */
  forward(batch: NativeBatch, architecture: Int32Array): Promise<TensorEntry>;
  /** Writes the exact BatchNorm statistics of the path over `batches` into the buffers. */
  recalibrate(batches: NativeBatch[], architecture: Int32Array, cancel: NativeCancel): Promise<void>;
  /** Scores architectures (rows of `architectures`); buffers are neither read nor written. */
  evaluate(
    architectures: Int32Array,
    calibration: NativeBatch[],
    validation: NativeBatch[],
    options: EvaluateOptions,
    cancel: NativeCancel,
    onProgress: (done: number, total: number) => void,
  ): Promise<EvaluateResult>;
  /** NASWOT of each architecture (a row), BatchNorm over the batch itself: native/evaluate/naswot.h. */
  naswot(
    architectures: Int32Array,
    count: number,
    batch: NativeBatch,
    cancel: NativeCancel,
    onProgress: (done: number, total: number) => void,
  ): Promise<number[]>;
  /** Accuracy with the running statistics in the buffers (a retrained network). */
  validate(
    batches: NativeBatch[],
    architecture: Int32Array,
    cancel: NativeCancel,
  ): Promise<{ correct: number; top5: number; loss: number; images: number }>;
  /** Layers and choices that are CUDA graphs by now, in training and for candidates, and why others cannot be (null: all can). */
  graphs(): Promise<{ recorded: number; refusal: string | null }>;
  /** Copies of parameters, buffers and optimizer state (`optimizer.<name>`), sorted by name. */
  state(): Promise<TensorEntry[]>;
  /** Replaces tensors by name; every name must exist and have the same shape. */
  load(entries: TensorEntry[]): Promise<void>;
  dispose(): void;
}
