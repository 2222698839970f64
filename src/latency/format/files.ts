import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { checkArguments } from '../../core/check.js';
import { expected } from '../../core/errors.js';
import { ioError, writeFileAtomically } from '../../core/files.js';
import type { LatencyTable } from '../table.js';
import { tableFromCsv, tableToCsv } from './csv.js';
import { decodeTable, encodeTable } from './protobuf.js';
import { checkedTable, notATable } from './schema.js';

/** A form of a table on disk. */
interface Format {
  encode(table: LatencyTable): Uint8Array | string;
  /** @throws SinglePathError `INVALID_TABLE`. */
  decode(bytes: Uint8Array, path: string): LatencyTable;
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** By the end of the file's name. Protobuf is canonical; all three hold the same, without loss. */
const FORMATS: Record<string, Format> = {
  '.lut': { encode: encodeTable, decode: decodeTable },
  '.json': {
    encode: (table) => `${JSON.stringify(table, null, 2)}\n`,
    decode: (bytes, path) => checkedTable(parseJson(textOf(bytes), path), path),
  },
  '.csv': { encode: tableToCsv, decode: (bytes, path) => tableFromCsv(textOf(bytes), path) },
};

/** The form a file's name asks for. @throws SinglePathError `INVALID_ARGUMENT`. */
export function tableFormat(path: string): Format {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format === undefined) {
    throw expected(`a file that ends in ${Object.keys(FORMATS).join(', ')}`, 'a latency table', path, {
      hint: 'protobuf (.lut) is canonical; JSON and CSV hold the same',
    });
  }
  return format;
}

/** @throws SinglePathError `IO`, `INVALID_TABLE`. */
export function readTable(path: string): LatencyTable {
  checkArguments('readTable()', { path });
  const { decode } = tableFormat(path);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw ioError('read the latency table', path, error);
  }
  return decode(bytes, path);
}

/** Replaces the file as a whole, and only by what {@link readTable} reads. @throws SinglePathError `IO`, `INVALID_TABLE`. */
export async function writeTable(path: string, table: LatencyTable): Promise<void> {
  checkArguments('writeTable()', { path, latencyTable: table });
  const { encode, decode } = tableFormat(path);
  const bytes = Buffer.from(encode(table));
  decode(bytes, path);
  await writeFileAtomically(path, [bytes]);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw notATable(path, `it is no JSON: ${(cause as Error).message}`, cause);
  }
}
