/**
 * The whole type of the addon (native/binding/). Each file in native/ describes the handles of the files of that name in
 * native/binding/, and the two change together; nothing else in TypeScript knows the .node file. Work that may take long
 * returns a promise and runs on the engine thread.
 */

import type { DatasetSource } from '../data/kinds/index.js';
import type { BatchSource, NativeBatch } from './native/batch.js';
import type { NativeCancel } from './native/cancel.js';
import type { ImageOptions, NativeDataset } from './native/dataset.js';
import type { GroupOptions, NativeGroup } from './native/group.js';
import type { ImageWork, Inspection, InspectOptions, PackOptions, PackReport } from './native/images.js';
import type { LoaderSource, NativeLoader } from './native/loader.js';
import type { NativeNetwork, NetworkDescription, NetworkOptions } from './native/network.js';
import type { NativeScript, ScriptModuleDescription } from './native/script.js';
import type { NativeStopwatch, StopwatchOptions } from './native/stopwatch.js';
import type { NativeStore, StoreSource } from './native/store.js';
import type { MemoryStatistics, NativeCpu, NativeDevice, NativeVersions } from './native/system.js';

export type * from './native/batch.js';
export type * from './native/cancel.js';
export type * from './native/dataset.js';
export type * from './native/group.js';
export type * from './native/images.js';
export type * from './native/loader.js';
export type * from './native/network.js';
export type * from './native/script.js';
export type * from './native/stopwatch.js';
export type * from './native/store.js';
export type * from './native/system.js';
export type * from './native/tensor.js';

export interface Addon {
  versions(): NativeVersions;
  devices(): NativeDevice[];
  cpu(): NativeCpu;
  threads(): number;
  /** Intra-op threads of the engine; takes effect for work queued later. */
  setThreads(threads: number): void;
  memory(): MemoryStatistics;
  /** Calls of libtorch's operators since the first call of this, for tests: each is a launch or more on a GPU. */
  operators(): number;
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
    test: DatasetSource | null,
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
  loadScript(path: string, device: string): Promise<NativeScript>;
  Stopwatch: new (options: StopwatchOptions) => NativeStopwatch;
  /** Begins to open it: see `open()`. */
  Store: new (
    source: StoreSource,
  ) => NativeStore;
  /** The own address on the route to a host; '' where it is unknown. */
  addressTowards(host: string): string;
  Group: new (store: NativeStore, options: GroupOptions) => NativeGroup;
}
