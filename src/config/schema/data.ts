import { z } from 'zod';
import { CONFIGURABLE_KINDS } from '../../data/kinds/index.js';
import { PRESETS } from '../../data/kinds/normalization.js';
import { augmentFields } from './augment.js';

/** Where images come from and how a training image is varied. */
export const dataSchema = z.strictObject({
  kind: z.enum(CONFIGURABLE_KINDS).default('fashion-mnist').describe('Format of the data set'),
  path: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'Folder, archive, shards, table or packed file of the data set, found as space.file is; null looks in the known places (singlepath doctor lists them)',
    ),
  testPath: z
    .string()
    .nullable()
    .default(null)
    .describe('Where the test images are, if not with the training images; of image files alone'),
  testFraction: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'Share of every class that is set aside as test images where a set of image files has none; the draw is always the same',
    ),
  heldOut: z
    .int()
    .min(0)
    .default(2000)
    .describe(
      'Number of training images that are set aside, class by class, to score candidates (paper: 50,000)',
    ),
  heldOutPerClass: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Number of training images of every class that are set aside, in place of heldOut (paper: 50)'),
  splitSeed: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Seed that decides which images are held out; it must be the same for a supernet and its searches',
    ),
  trainImages: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Number of training images to use: the first ones, or of image files some of every class; null uses all. For synthetic images: how many there are',
    ),
  testImages: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Number of test images to use: the first ones, or of image files some of every class; null uses all',
    ),
  broken: z
    .enum(['error', 'skip'])
    .default('error')
    .describe('What a broken image means: error stops the run, skip leaves the image out of its batch'),
  brokenShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('Share of broken images at which skip stops the run, too'),
  ...augmentFields,
  normalize: z
    .union([
      z.enum(['auto', ...PRESETS]),
      z.strictObject({ mean: z.array(z.number()), std: z.array(z.number()) }),
    ])
    .default('auto')
    .describe(
      'Mean and standard deviation per channel: of all training images, held-out ones included (auto), published, half (-1..1), bytes (0..255), or lists as mean and std',
    ),
  channelOrder: z
    .enum(['rgb', 'bgr'])
    .default('rgb')
    .describe('Order of colour channels; the released SPOS models take bgr'),
  threads: z
    .int()
    .min(1)
    .default(1)
    .describe('Native threads that prepare batches; the batches are the same for any number of threads'),
});
export type DataConfig = z.infer<typeof dataSchema>;
