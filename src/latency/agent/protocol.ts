import type { DeviceSettings, JobResult, StopRule } from '../device/session.js';
import type { Environment } from '../table.js';

/** Of the messages in proto/latency.proto. Another major version is refused, a larger minor one only knows more. */
export const PROTOCOL = { major: 1, minor: 0 } as const;

/** Bytes a message may have, either way: gRPC's own default. */
export const LARGEST_MESSAGE = 4 * 1024 * 1024;

/** Metadata of a call: the token, and the error that ended it. */
export const TOKEN_KEY = 'authorization';
export const ERROR_KEY = 'singlepath-error-bin';

export interface ProtocolVersion {
  major: number;
  minor: number;
}

export interface BlockMessage {
  input: { channels: number; height: number; width: number };
  /** JSON. */
  nodes: string;
}

export interface RunMessage {
  id: number;
  stop: StopRule;
  blocks: BlockMessage[];
  jobs: { seq: number; blocks: number[]; timers: boolean }[];
}

/** The messages of proto/latency.proto: of each, one field is there. */
export interface HostMessage {
  open?: { protocol: ProtocolVersion; tool: string; host: string; settings: DeviceSettings };
  run?: RunMessage;
  cancel?: object;
  look?: object;
  alive?: object;
}

export interface ResultMessage extends Omit<JobResult, 'blocks'> {
  run: number;
  blocks: { ns: number[] }[];
}

export interface AgentMessage {
  opened?: {
    protocol: ProtocolVersion;
    tool: string;
    timers: boolean;
    overhead: boolean;
    leaseSeconds: number;
    largestMessage: number;
  };
  result?: ResultMessage;
  done?: { run: number };
  environment?: Environment;
}
