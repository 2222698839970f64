import { z } from 'zod';

/** Where `singlepath agent` listens, and how it is lent. */
export const agentSchema = z.strictObject({
  listen: z.string().default('127.0.0.1:7757').describe('host:port; port 0 takes a free one'),
  lease: z
    .number()
    .min(1)
    .max(86_400)
    .default(30)
    .describe('Seconds that a host may be silent before the device is free again'),
});
