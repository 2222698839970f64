import type { NativeBatch } from './batch.js';
import type { NativeCancel } from './cancel.js';
import type { TensorEntry } from './tensor.js';

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
