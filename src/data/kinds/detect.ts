import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { SinglePathError } from '../../core/errors.js';
import type { DatasetKind } from './index.js';

/**
 * What kind of data set lies at a path, by what a look at its outside tells.
 *
 * @throws SinglePathError `INVALID_DATASET` for a path that is not there, or a file of an unknown kind.
 */
export function detectKind(path: string): DatasetKind {
  if (!existsSync(path)) {
    if (path.includes('{')) return 'webdataset';
    throw new SinglePathError('INVALID_DATASET', `Expected a data set at '${path}' but there is none`, {
      hint: 'a folder of class folders, a .tar, shards, a .csv or a .spk file',
    });
  }
  return statSync(path).isDirectory() ? kindOfFolder(path) : kindOfFile(path);
}

function kindOfFolder(folder: string): DatasetKind {
  const names = readdirSync(folder);
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (existsSync(join(folder, 'val', 'val_annotations.txt'))) return 'tiny-imagenet';
  if (has(/-idx3-ubyte(\.gz)?$|\.idx3-ubyte(\.gz)?$/)) return 'idx';
  if (has(/^(data_batch_1\.bin|cifar-10-batches-bin)$/)) return 'cifar10';
  if (has(/^(train\.bin|cifar-100-binary)$/)) return 'cifar100';
  if (has(/\.tar$/) && !names.some((name) => statSync(join(folder, name)).isDirectory())) return 'webdataset';
  return 'image-folder';
}

function kindOfFile(file: string): DatasetKind {
  const start = firstBytes(file, 512);
  if (start.subarray(0, 8).toString('latin1') === 'SPKDATA1') return 'packed';
  if (/^\.(csv|tsv|txt)$/i.test(extname(file))) return 'csv';
  if (start.subarray(257, 262).toString('latin1') === 'ustar' || /\.tar$/i.test(file)) {
    return /\.(cls|json)$/.test(memberNames(file, 4).join('\n')) ? 'webdataset' : 'tar';
  }
  throw new SinglePathError(
    'INVALID_DATASET',
    `Expected a data set at '${file}' but it is a file of an unknown kind`,
    {
      hint: 'a .tar archive, a .csv or .tsv of path,label, or a .spk file; --kind names the kind',
    },
  );
}

/** Names of the first members of a tar archive, as far as plain headers tell. */
function memberNames(file: string, count: number): string[] {
  const names: string[] = [];
  for (let at = 0; names.length < count; ) {
    const header = firstBytes(file, 512, at);
    const name = header.subarray(0, 100).toString('utf8').replace(/\0.*$/s, '');
    const size = Number.parseInt(header.subarray(124, 136).toString('latin1'), 8);
    if (name === '' || !Number.isFinite(size)) break;
    names.push(name);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return names;
}

function firstBytes(file: string, count: number, at = 0): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(count);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, count, at));
  } finally {
    closeSync(descriptor);
  }
}
