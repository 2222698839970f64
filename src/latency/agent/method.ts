import { decodeMessage, encodeMessage } from '../format/protobuf.js';
import type { AgentMessage, HostMessage } from './protocol.js';

/** `Measure` of the service `singlepath.latency.Agent`, as gRPC wants it: a stream of messages in both directions. */
export const METHOD = {
  path: '/singlepath.latency.Agent/Measure',
  requestStream: true,
  responseStream: true,
  requestSerialize: (message: HostMessage) => encode('HostMessage', message),
  requestDeserialize: (bytes: Buffer) => decodeMessage('HostMessage', bytes) as HostMessage,
  responseSerialize: (message: AgentMessage) => encode('AgentMessage', message),
  responseDeserialize: (bytes: Buffer) => decodeMessage('AgentMessage', bytes) as AgentMessage,
} as const;

/** Bytes of a message to an agent. */
export const sizeOf = (message: HostMessage): number => encode('HostMessage', message).length;

function encode(name: string, message: object): Buffer {
  return Buffer.from(encodeMessage(name, message));
}
