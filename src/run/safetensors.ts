import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { SinglePathError } from '../core/errors.js';
import { ioError, writeFileAtomically } from '../core/files.js';
import { productOf } from '../core/sizes.js';
import type { TensorEntry } from '../runtime/native.js';
import { DTYPES, elementBytes, toFloat32 } from './dtypes.js';

/*
 * The safetensors format (https://github.com/huggingface/safetensors): 8 bytes little-endian length of the header,
 * a JSON header { name: { dtype, shape, data_offsets: [begin, end] }, __metadata__: { text: text } } padded with
 * spaces to a multiple of 8, then the tensors' raw little-endian bytes without gaps.
 */

/** What a file says beside its tensors. */
export type SafetensorsMetadata = Record<string, string>;

export interface Safetensors {
  tensors: TensorEntry[];
  metadata: SafetensorsMetadata;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const METADATA = '__metadata__';

/** Headers beyond this are refused by the reference implementation too. */
const LARGEST_HEADER = 100_000_000;

/** The file's bytes, piece by piece: nothing is copied but the header. */
export function* encodeSafetensors(
  tensors: readonly TensorEntry[],
  metadata: SafetensorsMetadata = {},
): Generator<Uint8Array> {
  if (endianness() !== 'LE') {
    throw new SinglePathError('INVALID_ARGUMENT', 'Expected a little-endian machine for safetensors');
  }
  const header: Record<string, HeaderEntry | SafetensorsMetadata> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (name in header || name === '__metadata__') {
      throw new SinglePathError(
        'INVALID_ARGUMENT',
        `Expected distinct tensor names but '${name}' came twice`,
      );
    }
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const padding = (8 - (json.length % 8)) % 8;
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length + padding));
  yield prefix;
  yield json;
  yield Buffer.alloc(padding, ' ');
  for (const { data } of tensors) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Writes float32 tensors so that the file appears complete or not at all.
 *
 * @throws SinglePathError `IO`
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorEntry[],
  metadata: SafetensorsMetadata = {},
): Promise<void> {
  await writeFileAtomically(path, encodeSafetensors(tensors, metadata));
}

/**
 * Reads tensors of any element type as float32.
 *
 * @throws SinglePathError `IO`, or `INVALID_CHECKPOINT` naming the file and what is wrong with it.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw ioError('read', path, error);
  });
  return decodeSafetensors(bytes, path);
}

/** The tensors in a file's bytes; `path` is only named in errors. */
export function decodeSafetensors(bytes: Uint8Array, path: string): Safetensors {
  const wrong = (what: string): SinglePathError =>
    new SinglePathError('INVALID_CHECKPOINT', `Expected a safetensors file in '${path}' but ${what}`, {
      hint: 'the file is damaged or of another kind: write it again, or take another checkpoint',
    });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 8) throw wrong(`it has only ${buffer.length} bytes`);
  const length = Number(buffer.readBigUInt64LE(0));
  if (length > LARGEST_HEADER) throw wrong(`its header claims ${length} bytes: it is no safetensors file`);
  const start = 8 + length;
  if (start > buffer.length) throw wrong(`it ends inside the header (${buffer.length} of ${start} bytes)`);
  const { __metadata__, ...entries } = parseHeader(buffer.subarray(8, start), wrong);
  const metadata = checkMetadata(__metadata__ ?? {}, wrong);

  const tensors: TensorEntry[] = [];
  const ordered = Object.entries(entries).map(([name, entry]) => checkEntry(name, entry, wrong));
  ordered.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, shape, dtype, begin, end } of ordered) {
    if (begin < position) throw wrong(`tensor '${name}' overlaps the one before it`);
    if (begin > position)
      throw wrong(`${begin - position} bytes before tensor '${name}' belong to no tensor`);
    if (start + end > buffer.length) {
      throw wrong(`it is truncated: tensor '${name}' ends at byte ${start + end} of ${buffer.length}`);
    }
    const data = toFloat32(dtype, buffer.subarray(start + begin, start + end));
    tensors.push({ name, shape, data });
    position = end;
  }
  if (start + position !== buffer.length) {
    throw wrong(`${buffer.length - start - position} bytes after the last tensor belong to no tensor`);
  }
  return { tensors, metadata };
}

function parseHeader(json: Buffer, wrong: (what: string) => SinglePathError): Record<string, unknown> {
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    header = JSON.parse(text); // a byte order mark is no JSON
    const twice = repeatedField(text);
    if (twice !== undefined) throw new Error(`'${twice}' comes twice`);
  } catch (error) {
    throw wrong(`its header is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header))
    throw wrong('its header is no object');
  return header as Record<string, unknown>;
}

/**
 * The first field of the format that stands twice in valid JSON: `__metadata__`, or a field of a tensor. Of a tensor's
 * name that comes twice the last counts, as in the reference reader and in JSON.parse.
 */
function repeatedField(json: string): string | undefined {
  const open: { keys: Set<string>; last: string }[] = [];
  for (const [token, key] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push({ keys: new Set(), last: '' });
    else if (token === '}') open.pop();
    if (key === undefined) continue;
    const name = JSON.parse(key) as string;
    const object = open.at(-1)!;
    const counts = open.length === 1 ? name === METADATA : open.length === 2 && open[0]!.last !== METADATA;
    if (counts && object.keys.has(name)) return name;
    object.keys.add(name);
    object.last = name;
  }
  return undefined;
}

function checkMetadata(metadata: unknown, wrong: (what: string) => SinglePathError): SafetensorsMetadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw wrong('its metadata are no object');
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw wrong(`'${key}' of its metadata is no text`);
  }
  return metadata as SafetensorsMetadata;
}

function checkEntry(name: string, entry: unknown, wrong: (what: string) => SinglePathError) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<HeaderEntry>;
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const bytes = elementBytes(dtype);
  if (dtype === undefined || bytes === undefined) {
    throw wrong(`tensor '${name}' has dtype ${JSON.stringify(dtype)} instead of one of ${DTYPES.join(', ')}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) throw wrong(`tensor '${name}' has no valid shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw wrong(`tensor '${name}' has no valid data_offsets`);
  }
  const [begin, end] = offsets;
  const size = bytes * elementsOf(name, shape, wrong);
  if (end - begin !== size) {
    throw wrong(`tensor '${name}' of shape [${shape}] needs ${size} bytes but spans ${end - begin}`);
  }
  return { name, shape, dtype, begin, end };
}

function elementsOf(name: string, shape: number[], wrong: (what: string) => SinglePathError): number {
  try {
    return productOf(shape, `tensor '${name}'`);
  } catch {
    throw wrong(`tensor '${name}' of shape [${shape}] is larger than any file`);
  }
}
