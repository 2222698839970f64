import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstExisting, requiredPath } from './files.js';
import { type DatasetDefinition, type FolderOptions, folderFromConfig, type Split } from './kind.js';

export interface CifarSource {
  format: 'cifar';
  files: string[];
  classes: 10 | 100;
}

const TRAINING_FILES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);

/** The binary version of CIFAR-10: the folder of the .bin files, or the one above it. */
export const cifar10 = cifar(
  'cifar10',
  10,
  'cifar-10-batches-bin',
  (split) => (split === 'test' ? ['test_batch.bin'] : TRAINING_FILES),
  'batches.meta.txt',
);

/** The binary version of CIFAR-100, with its 100 fine labels. */
export const cifar100 = cifar(
  'cifar100',
  100,
  'cifar-100-binary',
  (split) => [`${split}.bin`],
  'fine_label_names.txt',
);

/** `unpacked`: the folder that the archive unpacks to; `nameFile`: the file in it with a class name a line. */
function cifar(
  kind: string,
  classes: 10 | 100,
  unpacked: string,
  names: (split: Split) => string[],
  nameFile: string,
) {
  return {
    source: ({ path }, split) => {
      const folder = requiredPath(kind, path);
      const files = names(split).map((name) =>
        firstExisting([join(folder, name), join(folder, unpacked, name)]),
      );
      return { format: 'cifar', files, classes };
    },
    classes: () => classes,
    shape: () => [3, 32, 32],
    classNames: ({ path }) => {
      const file = [join(path, nameFile), join(path, unpacked, nameFile)].find((one) => existsSync(one));
      if (file === undefined) return undefined;
      const lines = readFileSync(file, 'utf8')
        .split(/\r?\n/)
        .filter((line) => line !== '');
      return lines.length === classes ? lines : undefined;
    },
    fromConfig: folderFromConfig(kind),
  } satisfies DatasetDefinition<FolderOptions, CifarSource>;
}
