export interface MemoryStatistics {
  /** Bytes of tensors and kernel buffers alive, free but kept for reuse, and the peak of both together. */
  allocated: number;
  cached: number;
  peak: number;
  /** Allocations of memory used before, and all. */
  hits: number;
  allocations: number;
  /** The same of each GPU that this process has used. */
  devices: { name: string; allocated: number; cached: number; peak: number }[];
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
