import { z } from 'zod';
import { memorySize } from './memory.js';

type Augment = z.infer<(typeof augmentFields)['augment']>;

/** Whether images are cropped after padding. */
export const cropsPadded = (augment: Augment): boolean => augment === 'crop-flip' || augment === 'cifar';

/** Whether boxes of random size are cut out. */
export const cropsResized = (augment: Augment): boolean =>
  !cropsPadded(augment) && augment !== 'none' && augment !== 'flip';

/** How training images are varied, and how images come to be of one size: a part of the `data` section. */
export const augmentFields = {
  augment: z
    .enum(['none', 'flip', 'crop-flip', 'cifar', 'random-resized-crop', 'imagenet', 'spos-imagenet'])
    .default('crop-flip')
    .describe(
      'Variation of training images. crop-flip (or cifar): a crop after cropPadding, mirrored in half of the cases; ' +
        'random-resized-crop (or imagenet): a box of random size and shape, mirrored; spos-imagenet: that with colorJitter 0.4',
    ),
  cropPadding: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('Pixels of padding before the random crop of crop-flip; null is an eighth of the image'),
  cropScale: z
    .tuple([z.number().positive().max(1), z.number().positive().max(1)])
    .default([0.08, 1])
    .describe('Smallest and largest share of the image that random-resized-crop takes'),
  colorJitter: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'Strength of the random changes of brightness, contrast and saturation; 0 is that of augment: 0.4 with spos-imagenet, else none',
    ),
  hueJitter: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe('Largest random turn of the hue, as a share of the colour circle'),
  erase: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Probability that a random box of an image is filled with the mean (random erasing)'),
  cutout: z
    .int()
    .min(0)
    .default(0)
    .describe('Side in pixels of a square at a random place that is filled with the mean; 0 is none'),
  mixup: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('Parameter of mixup, which blends two images and their labels; 0 is off, 0.2 is usual'),
  cutmix: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('Parameter of cutmix, which puts a box of one image into another; 0 is off, 1 is usual'),
  resize: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Pixels of the short side before the centre of a test image is taken; null is 8/7 of the size (256 for 224), ' +
        'and leaves images of the right size as they are',
    ),
  upright: z.boolean().default(true).describe('Whether pictures are turned as their EXIF orientation says'),
  exactDecode: z
    .boolean()
    .default(false)
    .describe('Whether random crops of large JPEGs are decoded at full size, which is slower'),
  pixelLimit: z
    .int()
    .positive()
    .default(178_956_970)
    .describe('Width times height beyond which an image counts as broken (a decompression bomb)'),
  cache: memorySize
    .default(2048)
    .describe('Memory for decoded images, used where all of them fit: MiB, or a size such as 512MB or 4GB'),
};
