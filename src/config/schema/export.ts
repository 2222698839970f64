import { z } from 'zod';

/** What an exported network is written as, and how its numbers are checked. */
export const exportSchema = z.strictObject({
  directory: z
    .string()
    .nullable()
    .default(null)
    .describe('Folder for the files; null means export/ in the run directory'),
  onnx: z.boolean().default(true).describe('Write an ONNX file beside the TorchScript file'),
  opset: z
    .int()
    .nullable()
    .default(null)
    .describe('Version of the ONNX operators, 17 to 26; null is 17, or 21 for packed weights'),
  onnxWeights: z
    .enum(['float', 'packed'])
    .default('float')
    .describe(
      'Quantized weights in the ONNX file: the float32 numbers they stand for, or 4- and 8-bit integers',
    ),
  parityImages: z
    .int()
    .positive()
    .default(64)
    .describe('Number of test images on which the exported network must give the same logits'),
  tolerance: z
    .number()
    .positive()
    .default(1e-4)
    .describe('Largest difference of logits that is allowed, relative to the largest logit'),
});
