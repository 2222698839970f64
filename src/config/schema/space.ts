import { z } from 'zod';

/** Which search space, and at which size. Exactly one of `name` and `file`. */
export const spaceSchema = z
  .strictObject({
    name: z
      .string()
      .nullable()
      .default(null)
      .describe('Name of a built-in space; singlepath space list prints them'),
    file: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'A space of your own in YAML (singlepath space validate): relative to this file where it lies there, else to the ' +
          "shell's folder; a run keeps a copy",
      ),
    size: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe('Height and width of the input in pixels; null uses the size that the space is made for'),
    channels: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe('Input channels (1 is grey, 3 is colour); null uses the number that the space is made for'),
    classes: z
      .int()
      .min(2)
      .nullable()
      .default(null)
      .describe('Number of classes; null uses the number that the space is made for'),
    options: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('Further options of the space, such as blocks: [...] of the channel spaces'),
  })
  .refine((s) => s.name === null || s.file === null, {
    error: 'either a name or a file, not both',
    path: ['file'],
  });
export type SpaceConfig = z.infer<typeof spaceSchema>;
