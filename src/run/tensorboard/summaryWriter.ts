import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { ioError } from '../../core/files.js';
import { packageRoot } from '../../core/packageRoot.js';
import { AppendFile } from '../appendFile.js';
import { frameRecord } from './record.js';

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
