import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, SinglePathError } from '../../core/errors.js';
import { ERROR_KEY } from './protocol.js';

/** The nearest status of gRPC, for programs that are not singlepath. */
const STATUS: Partial<Record<ErrorCode, status>> = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NATIVE_MISSING: status.FAILED_PRECONDITION,
  DEVICE_UNAVAILABLE: status.FAILED_PRECONDITION,
  ABORTED: status.ABORTED,
};

/** An error as the end of a call. */
export function toStatus(
  error: unknown,
  code?: status,
): { code: status; details: string; metadata: Metadata } {
  const own =
    error instanceof SinglePathError
      ? error
      : new SinglePathError('MEASUREMENT', error instanceof Error ? error.message : String(error));
  const metadata = new Metadata();
  const { message, hint } = own;
  metadata.set(ERROR_KEY, Buffer.from(JSON.stringify({ code: own.code, message, hint })));
  return { code: code ?? STATUS[own.code] ?? status.UNKNOWN, details: message, metadata };
}

/**
 * What the end of a call means to the host.
 *
 * @param address of the agent, for people.
 * @param opened whether the session was open: then the connection was lost, else there was none.
 */
export function fromStatus(error: ServiceError, address: string, opened: boolean): SinglePathError {
  const sent = sentError(error);
  if (sent !== undefined) {
    const { code, message, hint } = sent;
    return new SinglePathError(code, `The agent at ${address}: ${message}`, { hint, cause: error });
  }
  const { code, details } = error;
  if (code === status.RESOURCE_EXHAUSTED) {
    return new SinglePathError('MEASUREMENT', `The agent at ${address} refused a message: ${details}`, {
      hint: 'a single network of this space is too large to be sent',
      cause: error,
    });
  }
  if (opened) {
    return new SinglePathError(
      'MEASUREMENT',
      `The connection to the agent at ${address} was lost: ${details}`,
      {
        hint: 'see whether the agent still runs; what was measured is kept: go on with --resume',
        cause: error,
      },
    );
  }
  const hint =
    code === status.UNIMPLEMENTED
      ? 'something else listens there, or an agent of another version'
      : 'start one on the device: singlepath agent --listen HOST:PORT; with TLS on both sides or on neither (--tls-ca)';
  return new SinglePathError('DEVICE_UNAVAILABLE', `Expected an agent at ${address} but: ${details}`, {
    hint,
    cause: error,
  });
}

function sentError({
  metadata,
}: ServiceError): { code: ErrorCode; message: string; hint?: string } | undefined {
  const [value] = metadata?.get(ERROR_KEY) ?? [];
  if (!Buffer.isBuffer(value)) return undefined;
  try {
    return JSON.parse(value.toString()) as { code: ErrorCode; message: string; hint?: string };
  } catch {
    return undefined;
  }
}
