import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXPANSION_MAX, expand } from 'brace-expansion';
import { SinglePathError } from '../../core/errors.js';

/** The shards of both splits; `test` is empty where they are not told apart. */
export interface Shards {
  train: string[];
  test: string[];
}

/**
 * The shards a path stands for: one file, a brace range (`train-{0000..0009}.tar`), or a folder of .tar files, where
 * `train…` and `val…` or `test…` are the splits.
 *
 * @throws SinglePathError `INVALID_DATASET` naming a shard that is not there.
 */
export function findShards(path: string): Shards {
  if (existsSync(path))
    return statSync(path).isDirectory() ? shardsOfFolder(path) : { train: [path], test: [] };
  const train = expand(path);
  if (train.length >= EXPANSION_MAX) {
    throw new SinglePathError('INVALID_DATASET', `Expected fewer than ${EXPANSION_MAX} shards in '${path}'`);
  }
  const missing = train.filter((shard) => !existsSync(shard));
  if (missing.length > 0) {
    const which = train.length === 1 ? 'there is none' : `${missing.length} of ${train.length} are missing`;
    throw new SinglePathError('INVALID_DATASET', `Expected a shard at '${missing[0]}' but ${which}`, {
      hint: 'a brace range such as train-{0000..0009}.tar, one .tar file, or their folder',
    });
  }
  return { train, test: [] };
}

function shardsOfFolder(folder: string): Shards {
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.tar') && !name.startsWith('.'))
    .sort(compare);
  if (names.length === 0) {
    throw new SinglePathError('INVALID_DATASET', `Expected .tar files in '${folder}' but found none`, {
      hint: 'data.kind=image-folder reads folders of images',
    });
  }
  const named = (pattern: RegExp): string[] =>
    names.filter((name) => pattern.test(name)).map((name) => join(folder, name));
  const [train, test, val] = [named(/^train/i), named(/^test/i), named(/^val/i)];
  if (train.length === 0) return { train: names.map((name) => join(folder, name)), test: [] };
  return { train, test: test.length > 0 ? test : val };
}
