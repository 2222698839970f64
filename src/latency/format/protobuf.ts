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

/** The canonical bytes of a table. */
export function encodeTable({ header, rows }: LatencyTable): Uint8Array {
  const type = latencyMessage('Table');
  const options = JSON.stringify(header.space.options);
  const message = { header: { ...header, space: { ...header.space, options } }, rows };
  return type.encode(type.fromObject(message)).finish();
}

/** @throws SinglePathError `INVALID_TABLE`. `path` names the file in errors. */
export function decodeTable(bytes: Uint8Array, path: string): LatencyTable {
  const type = latencyMessage('Table');
  let table: { header?: { space?: { options?: unknown } } };
  try {
    // Zero and empty are not on the wire: `defaults` fills them in, but not where a field is optional.
    const plain = type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true });
    table = withoutNull(plain) as typeof table;
    const space = table.header?.space;
    if (space !== undefined) space.options = JSON.parse(String(space.options)) as unknown;
  } catch (cause) {
    throw notATable(path, `it is no protobuf of one: ${(cause as Error).message}`, cause);
  }
  return checkedTable(table, path);
}

/** Messages that are absent come as null. */
function withoutNull(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (inner === null ? undefined : inner)));
}
