import { SinglePathError } from '../../src/core/errors.js';
import { mix64 } from '../../src/core/rng.js';
import type { NativeBatch, StepOptions, StepResult, TensorEntry } from '../../src/runtime/native.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import type { EvaluateSettings, ValidateResult } from '../../src/supernet/supernet.js';
import type { BatchLoader } from '../../src/train/batches.js';

/**
 * A network without libtorch: each gene value owns one weight, which momentum SGD pulls to a target that depends on
 * the batch, and a "BatchNorm" buffer that training steps and recalibrations write. Enough for every property of
 * the loops around it; test/train/native.test.ts repeats the important ones with the real addon.
 */
export class FakeNetwork {
  readonly weights: Float32Array;
  readonly momenta: Float32Array;
  readonly buffer = new Float32Array(1);
  readonly calls: { architecture: Architecture; options: StepOptions; batches: number[] }[] = [];
  /** Step calls that report a loss that is not finite. */
  nonFiniteAt = -1;
  /** Milliseconds a step takes. */
  delay = 0;

  constructor(readonly space: SearchSpace) {
    const size = Math.max(
      1,
      space.genes.reduce((sum, gene) => sum + gene.size, 0),
    );
    this.weights = new Float32Array(size).fill(0.1);
    this.momenta = new Float32Array(size);
  }

  async step(batches: NativeBatch[], architecture: Architecture, options: StepOptions): Promise<StepResult> {
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    const values = batches.map((batch) => (batch as FakeBatch).value);
    if (this.calls.length === this.nonFiniteAt)
      throw new SinglePathError('NON_FINITE_LOSS', 'the loss is NaN');
    this.calls.push({ architecture, options, batches: values });
    const target =
      values.reduce((sum, value) => sum + value, 0) / values.length + options.randomKey[0] / 2 ** 34;
    let loss = 0;
    for (const index of this.#path(architecture)) {
      const gradient = this.weights[index]! - target;
      loss += gradient ** 2;
      this.momenta[index] = options.momentum * this.momenta[index]! + gradient;
      this.weights[index]! -= options.learningRate * this.momenta[index]!;
    }
    this.buffer[0] = 0.9 * this.buffer[0]! + 0.1 * target;
    return {
      loss,
      correct: Math.floor(4 * values.length * target),
      images: 8 * values.length,
      gradientNorm: 1,
    };
  }

  async recalibrate(
    batches: NativeBatch[],
    _architecture: Architecture,
    signal?: AbortSignal,
  ): Promise<void> {
    if (signal?.aborted) throw new SinglePathError('ABORTED', 'aborted');
    this.buffer[0] = batches.reduce((sum, batch) => sum + (batch as FakeBatch).value, 0) / batches.length;
  }

  async validate(batches: NativeBatch[]): Promise<ValidateResult> {
    const mean =
      this.weights.reduce((sum, weight) => sum + weight, 0) / this.weights.length + this.buffer[0]!;
    const images = 100 * batches.length;
    return {
      correct: Math.round((images * (Math.sin(20 * mean) + 1)) / 2),
      top5: images,
      loss: mean,
      images,
    };
  }

  /** The accuracy of a path is the mean of its weights: a function of the architecture alone. */
  async evaluate(architectures: readonly Architecture[], settings: EvaluateSettings) {
    const images = 1000;
    const scores: number[] = [];
    for (const architecture of architectures) {
      if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
      if (settings.signal?.aborted) throw new SinglePathError('ABORTED', 'aborted');
      const path = this.#path(architecture);
      const hash = Number(mix64(BigInt(path.reduce((sum, index) => 31 * sum + index, 7))) % 900n);
      scores.push(hash);
      settings.onProgress?.(scores.length, architectures.length);
    }
    const alone = 3 * architectures.length;
    return {
      correct: scores,
      top5: scores.map((score) => Math.min(images, score + 50)),
      loss: scores.map((score) => 1 - score / images),
      images,
      layersRun: alone,
      layersAlone: alone,
    };
  }

  async state(): Promise<TensorEntry[]> {
    return [
      entry('layers.bn', this.buffer),
      entry('layers.weight', this.weights),
      entry('optimizer.layers.weight', this.momenta),
    ];
  }

  async load(entries: TensorEntry[]): Promise<void> {
    const own = new Map((await this.state()).map(({ name }) => [name, this.#tensor(name)]));
    for (const { name, data } of entries) own.get(name)!.set(data);
  }

  #tensor(name: string): Float32Array {
    return name === 'layers.bn' ? this.buffer : name === 'layers.weight' ? this.weights : this.momenta;
  }

  #path(architecture: Architecture): number[] {
    if (this.space.genes.length === 0) return [0];
    let offset = 0;
    return this.space.genes.map((gene, index) => {
      const at = offset + architecture[index]!;
      offset += gene.size;
      return at;
    });
  }
}

function entry(name: string, data: Float32Array): TensorEntry {
  return { name, shape: [data.length], data: data.slice() };
}

export class FakeBatch implements NativeBatch {
  static alive = 0;
  readonly size = 8;
  readonly shape: [number, number, number, number] = [8, 1, 4, 4];
  #disposed = false;

  constructor(readonly value: number) {
    FakeBatch.alive++;
  }
  mix(): null {
    return null;
  }

  labels(): BigInt64Array {
    return new BigInt64Array(8);
  }
  images(): Float32Array {
    return new Float32Array(8 * 16).fill(this.value);
  }
  dispose(): void {
    if (!this.#disposed) FakeBatch.alive--;
    this.#disposed = true;
  }
}

/** Batch b has value (b mod batchesPerEpoch + epoch / 16) / batchesPerEpoch. */
export class FakeLoader implements BatchLoader {
  constructor(readonly batchesPerEpoch: number) {}

  valueOf(batch: number): number {
    const n = this.batchesPerEpoch;
    return ((batch % n) + Math.floor(batch / n) / 16) / n;
  }

  async *from(first: number, signal?: AbortSignal): AsyncGenerator<NativeBatch, never, undefined> {
    for (let batch = first; ; batch++) {
      if (signal?.aborted) throw new SinglePathError('ABORTED', 'aborted');
      yield new FakeBatch(this.valueOf(batch));
    }
  }
}
