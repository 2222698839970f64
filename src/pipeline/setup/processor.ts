import type { Config } from '../../config/schema/config.js';
import { addon } from '../../runtime/addon.js';
import { describeDevice } from '../../runtime/devices.js';

/** What of the hardware decides how results are rounded. */
export interface ProcessorIdentity {
  /** Instruction set of our kernels, where they compute. */
  isa?: string;
  /** That of libtorch's kernels, which compute the rest; on a CPU. */
  aten?: string;
  /** Name of the card. */
  card?: string;
}

/** Which processor computes with these settings. */
export function processorIdentity({
  device,
  kernels,
}: Pick<Config['runtime'], 'device' | 'kernels'>): ProcessorIdentity {
  if (device !== 'cpu') return { card: describeDevice(device).split(',', 1)[0]! };
  return { ...(kernels === 'fused' && { isa: addon().cpu().isa }), aten: describeDevice('cpu') };
}
