/** Where and with what a process works on a run: noted in its `started` and `resumed` events. */
export interface RunEnvironment {
  singlepath: string;
  node: string;
  torch: string;
  /** `Linux 6.1 x64` */
  platform: string;
  /** Model name. */
  cpu: string;
  /** Processors the process may use, and intra-op threads of torch. */
  processors: number;
  threads: number;
  /** Instruction set of the fused kernels; that of libtorch's, or the name of the card. Runs of earlier versions told the first alone. */
  isa: string;
  aten?: string;
  card?: string;
  device: string;
  kernels: string;
  precision: string;
}
