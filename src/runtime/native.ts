/**
 * The whole type of the addon (native/binding/). This file and native/binding/ change together; nothing else in
 * TypeScript knows the .node file. Work that may take long returns a promise and runs on the engine thread.
 */

import type { DatasetSource } from '../data/kinds/index.js';
import type { Graph } from '../graph/graph.js';
import type { ParameterSpec, Shape } from '../graph/types.js';

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
  /** `fused`: fused CPU kernels where a chain is recognized; `aten`: op by op (the reference). */
  kernels: 'fused' | 'aten';
  /** Storage of activations; weights and sums stay float32. */
  precision: 'fp32' | 'bf16';
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
  /** Euclidean norm of the gradient before clipping; NaN where it was not computed (clipping off). */
  gradientNorm: number;
}

export interface EvaluateOptions {
  /** Bytes that the results of shared layers may take; results that do not fit are computed again. */
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

export interface TensorEntry {
  name: string;
  shape: number[];
  data: Float32Array;
}

/** Each image is a mix of two: how much the loss counts its first label, and what the second one is. */
export interface Mix {
  share: number;
  labels: number[];
}

/** Images and labels held natively. */
export interface NativeBatch {
  readonly size: number;
  /** [count, channels, height, width]. */
  readonly shape: [number, number, number, number];
  labels(): BigInt64Array;
  /** Of images mixed by mixup or cutmix; null otherwise. */
  mix(): Mix | null;
  /** Normalized images, [N, C, H, W]. */
  images(): Float32Array;
  dispose(): void;
}

export interface BatchSource {
  /** uint8 pixels in NHWC order, or float32 images in NCHW order, taken as they are. */
  images: Uint8Array | Float32Array;
  shape: [number, number, number, number];
  labels: ArrayLike<number>;
  /** Absent: images are not mixed. */
  mix?: Mix;
  /** Per channel, in units of 0..1; only used for uint8 pixels. */
  mean?: number[];
  std?: number[];
}

export interface NativeCancel {
  cancel(): void;
}

export interface NativeNetwork {
  /** One optimizer step on one path; several batches are accumulated into one gradient. */
  step(batches: NativeBatch[], architecture: Int32Array, options: StepOptions): Promise<StepResult>;
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
  /** Copies of parameters, buffers and optimizer state (`optimizer.<name>`), sorted by name. */
  state(): Promise<TensorEntry[]>;
  /** Replaces tensors by name; every name must exist and have the same shape. */
  load(entries: TensorEntry[]): Promise<void>;
  dispose(): void;
}

/** A module tree for TorchScript: parameters under PyTorch-style names, `forward` sources per module. */
export interface ScriptModuleDescription {
  /**
   * Dotted module path ('' is the root), class name and methods in TorchScript. Modules are registered in the order of
   * their tensors; parents need no entry of their own.
   */
  modules: { path: string; type: string; source: string }[];
  tensors: { name: string; shape: number[]; data: Float32Array; trainable: boolean }[];
}

export interface NativeScript {
  /** Logits of `images` [N, C, H, W]. */
  forward(batch: NativeBatch): Promise<TensorEntry>;
  validate(
    batches: NativeBatch[],
    cancel: NativeCancel,
  ): Promise<{ correct: number; top5: number; loss: number; images: number }>;
  dispose(): void;
}

/** A set of images with class labels, delivered as uint8 pixels in NHWC order. */
export interface NativeDataset {
  readonly size: number;
  /** [channels, height, width]. */
  readonly shape: [number, number, number];
  labels(): Int32Array;
  /** By number; empty where the source has none. */
  readonly classNames: string[];
  /** False where the source is one set, without test images. */
  readonly hasTest: boolean;
  notes(): ListingNotes;
  /** A hash of number, names and labels of the images, 16 hexadecimal digits. */
  fingerprint(): string;
  /** Broken images met so far. */
  broken(): { index: number; name: string; message: string }[];
  /** Mean and standard deviation per channel, in units of 0..1: of all pixels in memory, of 4,000 encoded images. */
  statistics(): Promise<{ mean: number[]; std: number[] }>;
  /** Loaders that use it keep the pixels until they end. */
  dispose(): void;
}

/** What a look at folders and archives passed over. */
export interface ListingNotes {
  /** Images that cannot be read. */
  problems: ImageProblem[];
  /** Numbers of files that are no JPEG or PNG, by extension. */
  ignored: Record<string, number>;
}

export interface ImageProblem {
  /** Path, or archive!member. */
  name: string;
  reason: string;
}

/** A long work on image files on a thread of its own. */
export interface ImageWork<Result> {
  /** Rejects with `ABORTED` after cancel(). */
  result: Promise<Result>;
  /** Images done, and all of them (0 while it is not known). */
  progress(): [done: number, total: number];
}

export interface InspectOptions {
  /** Images that are decoded, evenly spread; of the others the header is read. -1: all. */
  decode: number;
  threads: number;
  pixelLimit: number;
}

export interface Inspection {
  images: number;
  bytes: number;
  decoded: number;
  /** Numbers of images by format. */
  jpeg: number;
  png: number;
  raw: number;
  /** Smallest, median and largest, in pixels, turned upright. */
  height: [number, number, number];
  width: [number, number, number];
  perClass: number[];
  /** Per channel (RGB) in units of 0..1, of those decoded; every image counts alike. */
  mean: number[];
  std: number[];
  broken: ImageProblem[];
  classNames: string[];
  hasTest: boolean;
  notes: ListingNotes;
}

export interface PackOptions {
  /** `original`: the bytes of the files; `jpeg`: encoded again where that makes them smaller; `raw`: RGB pixels. */
  mode: 'original' | 'jpeg' | 'raw';
  /** Pixels; 0: as it is. */
  shortSide: number;
  quality: number;
  threads: number;
  pixelLimit: number;
  skipBroken: boolean;
  brokenShare: number;
  resume: boolean;
  /** Names are kept without this beginning. */
  root: string;
  /** JSON, kept in the file. */
  notes: string;
}

export interface PackReport {
  images: number;
  training: number;
  bytes: number;
  /** Images that an earlier, interrupted call had packed. */
  resumed: number;
  leftOut: ImageProblem[];
  classNames: string[];
}

/** What src/data/imageOptions.ts makes of its options; 0 leaves size and number of channels to the first image. */
export interface ImageOptions {
  size: number;
  channels: number;
  resize: number;
  upright: boolean;
  bgr: boolean;
  exact: boolean;
  pixelLimit: number;
  cacheBytes: number;
  skipBroken: boolean;
  brokenShare: number;
}

/** What src/data/augment.ts makes of its options. */
export interface AugmentSource {
  randomResizedCrop: boolean;
  scale: readonly [number, number];
  ratio: readonly [number, number];
  cropPadding: number;
  flip: boolean;
  brightness: number;
  contrast: number;
  saturation: number;
  hue: number;
  erase: number;
  cutout: number;
  /** Per channel, 0..255. */
  fill: number[];
  mixup: number;
  cutmix: number;
}

export interface LoaderSource {
  /** Images to deliver, as positions in the data set. */
  indices: Uint32Array;
  batchSize: number;
  shuffle: boolean;
  dropLast: boolean;
  augment: AugmentSource;
  /** Per channel, handed on with each batch. */
  mean: number[];
  std: number[];
  seed: number;
  epoch: number;
  /** Where to begin in the epoch. */
  firstBatch: number;
  /** How many epochs, from `epoch` on. */
  epochs: number;
  /** Of every `worldSize` batches of an epoch one is delivered. */
  rank: number;
  worldSize: number;
  threads: number;
  /** Batches prepared ahead. */
  prefetch: number;
}

/** Seconds of all threads of a loader together. */
export interface LoaderTimes {
  read: number;
  decode: number;
  /** Resizing, colours, copying. */
  transform: number;
  /** Waiting for room: whoever takes the batches is slower. */
  idle: number;
}

/** Batches prepared ahead by native threads and delivered in order. */
export interface NativeLoader {
  /** Null at the end of the last epoch. Rejects with `ABORTED` after cancel(), `DISPOSED` after dispose(). */
  next(): Promise<NativeBatch | null>;
  times(): LoaderTimes;
  /** Stops the threads; waiting and later next() reject with `ABORTED`. */
  cancel(): void;
  dispose(): void;
}

export interface MemoryStatistics {
  /** Bytes of tensors and kernel buffers alive, free but kept for reuse, and the peak of both together. */
  allocated: number;
  cached: number;
  peak: number;
  /** Allocations of memory used before, and all. */
  hits: number;
  allocations: number;
  /** Live native handles by class name. */
  handles: Record<string, number>;
}

/** What the addon was built with. */
export interface NativeVersions {
  torch: string;
  cxx: string;
  cuda: string | null;
}

export interface NativeDevice {
  name: string;
  description: string;
}

/** The instruction set the fused kernels use, and those this machine could, best first. */
export interface NativeCpu {
  isa: string;
  available: string[];
}

/** What blocks to time run with. */
export interface StopwatchOptions {
  /** `cpu` or `cuda:N`. */
  device: string;
  kernels: 'fused' | 'aten';
  precision: 'fp32' | 'bf16';
  batch: number;
}

export interface TimingOptions {
  /** At most so many calls; at least one is made. */
  calls: number;
  /** No call starts after so many seconds. */
  seconds: number;
  /** Runs of the chain in one sample. */
  inner: number;
  /** Also time each block. */
  timers: boolean;
}

/** Blocks as they are deployed, and the time of chains of them. */
export interface NativeStopwatch {
  /** A network of one layer without genes; BatchNorm is folded. Resolves to the number of the block. */
  addBlock(description: NetworkDescription, input: Shape): Promise<number>;
  /** The bytes of a TorchScript file, which is frozen. */
  addScript(bytes: Uint8Array, input: Shape): Promise<number>;
  /** Nanoseconds: of each call, and with timers of each block of each call ([calls, blocks]). */
  time(
    chain: Int32Array,
    options: TimingOptions,
    cancel: NativeCancel,
  ): Promise<{ totals: Float64Array; blocks: Float64Array }>;
  dispose(): void;
}

export interface Addon {
  versions(): NativeVersions;
  devices(): NativeDevice[];
  cpu(): NativeCpu;
  threads(): number;
  /** Intra-op threads of the engine; takes effect for work queued later. */
  setThreads(threads: number): void;
  memory(): MemoryStatistics;
  Cancel: new () => NativeCancel;
  Batch: new (source: BatchSource) => NativeBatch;
  /** Decodes on a thread of its own. Rejects with `INVALID_DATASET` naming the file. */
  openDataset(source: DatasetSource, options: ImageOptions): Promise<NativeDataset>;
  /** Reads a whole set of images. */
  inspectImages(source: DatasetSource, options: InspectOptions, cancel: NativeCancel): ImageWork<Inspection>;
  /** Writes a packed file; `test` is only opened where the set has test images. */
  packImages(
    path: string,
    train: DatasetSource,
    test: DatasetSource,
    options: PackOptions,
    cancel: NativeCancel,
  ): ImageWork<PackReport>;
  /** Starts preparing at once. */
  Loader: new (
    dataset: NativeDataset,
    source: LoaderSource,
  ) => NativeLoader;
  Network: new (description: NetworkDescription, options: NetworkOptions) => NativeNetwork;
  /** The bytes of a TorchScript file. */
  serializeScript(description: ScriptModuleDescription): Promise<Uint8Array>;
  loadScript(path: string): Promise<NativeScript>;
  Stopwatch: new (options: StopwatchOptions) => NativeStopwatch;
}
