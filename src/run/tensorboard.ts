import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { ioError } from '../core/files.js';
import { packageRoot } from '../core/packageRoot.js';
import { AppendFile } from './appendFile.js';

const DT_STRING = 7;
let eventType: protobuf.Type | undefined;

/** The Event message of proto/event.proto, parsed on first use. */
function eventMessage(): protobuf.Type {
  eventType ??= protobuf
    .loadSync(join(packageRoot(), 'proto', 'event.proto'))
    .lookupType('singlepath.tensorboard.Event');
  return eventType;
}

/**
 * Writes TensorBoard event files into a folder: one file per process that worked on the run, created with the first
 * record.
 */
export class SummaryWriter implements Disposable {
  #file: AppendFile | undefined;

  constructor(readonly folder: string) {}

  /** One point per tag at `step`. Tags with a slash are grouped by what precedes it. */
  scalars(step: number, values: Record<string, number>): void {
    const value = Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
    this.#write(step, { summary: { value } });
  }

  /** A Markdown text. */
  text(step: number, tag: string, markdown: string): void {
    const tensor = {
      dtype: DT_STRING,
      tensorShape: { dim: [{ size: 1 }] },
      stringVal: [Buffer.from(markdown)],
    };
    const metadata = { pluginData: { pluginName: 'text' } };
    this.#write(step, { summary: { value: [{ tag, tensor, metadata }] } });
  }

  /** Tells readers that what earlier files hold from `step` on is written again. */
  restartAt(step: number): void {
    this.#write(step, { sessionLog: { status: 1 } });
  }

  sync(): void {
    this.#file?.sync();
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #write(step: number, what: object): void {
    if (this.#file === undefined) {
      this.#file = createFile(this.folder);
      this.#file.append(encode({ fileVersion: 'brain.Event:2' }));
    }
    this.#file.append(encode({ step, ...what }));
  }
}

function encode(event: object): Uint8Array {
  const type = eventMessage();
  return frameRecord(type.encode(type.fromObject({ wallTime: Date.now() / 1000, ...event })).finish());
}

/** TensorBoard reads a folder's files in the order of their names, so the name starts with the time. */
function createFile(folder: string): AppendFile {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw ioError('create the folder', folder, error);
  }
  const time = (Date.now() / 1000).toFixed(3);
  return new AppendFile(join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}`));
}

/** TFRecord masks its checksums so that the CRC of data holding CRCs stays useful. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * One record of a TFRecord file: uint64 length, its masked CRC-32C, the data, the data's masked CRC-32C; all little
 * endian (https://www.tensorflow.org/tutorials/load_data/tfrecord).
 */
function frameRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(8 + 4 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), byte by byte from a table: event records are short. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** The CRC-32C of some bytes, an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
