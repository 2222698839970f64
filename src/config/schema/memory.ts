import { z } from 'zod';

/** An amount of memory in MiB, or as text with a unit of 1024: `512MB`, `4GB`. Becomes MiB. */
export const memorySize = z
  .union([
    z.int().min(0),
    z.string().regex(/^(0|[1-9]\d*) ?([MGmg]i?[Bb])?$/, { error: 'MiB, or a size such as 512MB or 4GB,' }),
  ])
  .transform((size) =>
    typeof size === 'number' ? size : Number.parseInt(size, 10) * (/g/i.test(size) ? 1024 : 1),
  );
