import { z } from 'zod';

/** Where images come from and how a training image is varied. */
export const dataSchema = z.strictObject({
  kind: z
    .enum(['fashion-mnist', 'mnist', 'cifar10', 'cifar100', 'synthetic', 'image-folder'])
    .default('fashion-mnist')
    .describe('Format of the data set'),
  path: z
    .string()
    .nullable()
    .default(null)
    .describe('Folder of the data set; null looks in the known places (singlepath doctor lists them)'),
  heldOut: z
    .int()
    .min(0)
    .default(2000)
    .describe('Training images set aside, class by class, to score candidates (paper: 50,000)'),
  trainImages: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Use only this many training images; null uses all. The size of a synthetic set'),
  testImages: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Use only this many test images; null uses all'),
  augment: z
    .enum(['none', 'flip', 'crop-flip', 'random-resized-crop'])
    .default('crop-flip')
    .describe(
      'Variation of training images: crop-flip pads by cropPadding; random-resized-crop is for ImageNet',
    ),
  cropPadding: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('Pixels of padding before a random crop; null is an eighth of the image'),
  colorJitter: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Strength of brightness, contrast and saturation jitter (paper: 0.4)'),
  normalize: z
    .enum(['auto', 'fashion-mnist', 'mnist', 'cifar', 'imagenet', 'half'])
    .default('auto')
    .describe('Preset of mean and standard deviation per channel; auto follows kind, half is 0.5 and 0.5'),
  threads: z.int().min(0).default(1).describe('Native threads that prepare batches; 0 prepares them in line'),
});
export type DataConfig = z.infer<typeof dataSchema>;
