import { SinglePathError } from '../core/errors.js';
import { spaceHash } from '../space/hash.js';
import type { SearchSpace } from '../space/types.js';
import type { LatencyTable, Precision } from './table.js';

/** What a network will run with on the device. */
export interface Deployment {
  batch: number;
  dtype: Precision;
  /** Null: any. */
  threads: number | null;
}

/** Files of lookup tables by the name that constraints give them; what is not among them is a path itself. */
export type TableFiles = Readonly<Record<string, string>>;

/**
 * Refuses a table that says nothing about these networks: measured for another space, batch, type or thread count.
 * What an imported table does not tell is not compared.
 *
 * @throws SinglePathError `INVALID_TABLE` with everything that differs.
 */
export function checkTable(
  space: SearchSpace,
  { header }: LatencyTable,
  { batch, dtype, threads }: Partial<Deployment>,
  name: string,
): void {
  const { environment } = header;
  const differs: string[] = [];
  if (header.space.hash !== spaceHash(space)) {
    const { name: own, file, size, channels, classes } = header.space;
    differs.push(
      `it is for ${own === '' ? file : own} (${channels}x${size}x${size}, ${classes} classes), not ` +
        `${space.name} (${space.input.channels}x${space.input.size}x${space.input.size}, ${space.classes} classes)`,
    );
  }
  if (environment.runtime !== 'imported') {
    const compare = (what: string, there: unknown, wanted: unknown, setting: string): void => {
      if (wanted === undefined || wanted === null || there === wanted) return;
      differs.push(
        `it was measured with ${what} ${there}, not ${wanted} (--set ${setting}=${there} accepts it)`,
      );
    };
    compare('batch', environment.batch, batch, 'latency.batch');
    compare('dtype', environment.dtype, dtype, 'latency.dtype');
    if (environment.threads > 0) compare('threads', environment.threads, threads, 'latency.threads');
  }
  if (differs.length === 0) return;
  throw new SinglePathError(
    'INVALID_TABLE',
    `Expected a table for this network in '${name}' but ${differs.join('; ')}`,
    {
      hint: 'measure one for it: singlepath latency measure',
    },
  );
}
