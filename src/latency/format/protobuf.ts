import { join } from 'node:path';
import protobuf from 'protobufjs';
import { packageRoot } from '../../core/packageRoot.js';
import type { LatencyTable } from '../table.js';
import { checkedTable, notATable } from './schema.js';

let parsed: protobuf.Root | undefined;

/** A message of proto/latency.proto, which is parsed on first use. */
function latencyMessage(name: string): protobuf.Type {
  parsed ??= protobuf.loadSync(join(packageRoot(), 'proto', 'latency.proto'));
  return parsed.lookupType(`singlepath.latency.${name}`);
}

/** The bytes of a message of proto/latency.proto. */
export function encodeMessage(name: string, message: object): Uint8Array {
  const type = latencyMessage(name);
  return type.encode(type.fromObject(message)).finish();
}

/** The message as plain data. Throws protobufjs's errors. */
export function decodeMessage(name: string, bytes: Uint8Array): Record<string, unknown> {
  const type = latencyMessage(name);
  // Zero and empty are not on the wire: `defaults` fills them in, but not where a field is optional.
  const plain = type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true });
  return withoutNull(plain) as Record<string, unknown>;
}

/** Messages and optional fields that are absent come as null. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(present.map(([key, inner]) => [key, withoutNull(inner)]));
}

/** The canonical bytes of a table. */
export function encodeTable({ header, rows }: LatencyTable): Uint8Array {
  const options = JSON.stringify(header.space.options);
  const accuracy = header.accuracy && nanForNull(header.accuracy);
  return encodeMessage('Table', {
    header: { ...header, space: { ...header.space, options }, accuracy },
    rows,
  });
}

/** A number that is absent would be read as 0. */
function nanForNull(numbers: object): object {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, value ?? Number.NaN]));
}

/** @throws SinglePathError `INVALID_TABLE`. `path` names the file in errors. */
export function decodeTable(bytes: Uint8Array, path: string): LatencyTable {
  let table: { header?: { space?: { options?: unknown } } };
  try {
    table = decodeMessage('Table', bytes);
    const space = table.header?.space;
    if (space !== undefined) space.options = JSON.parse(String(space.options)) as unknown;
  } catch (cause) {
    throw notATable(path, `it is no protobuf of one: ${(cause as Error).message}`, cause);
  }
  return checkedTable(table, path);
}
