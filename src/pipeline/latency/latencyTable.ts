import type { SpaceConfig } from '../../config/schema/space.js';
import { checkArguments } from '../../core/check.js';
import { SinglePathError } from '../../core/errors.js';
import { importedEnvironment } from '../../latency/environment.js';
import { type ForeignFormatName, importRows } from '../../latency/external/foreign.js';
import {
  type LatencyTable,
  type SpaceReference,
  TABLE_VERSION,
  type TableHeader,
} from '../../latency/table.js';
import { packageVersion } from '../../runtime/addon.js';
import { spaceHash } from '../../space/hash.js';
import type { SearchSpace } from '../../space/types.js';
import { openSpace } from '../setup/fromConfig.js';

/** What a table says about its space. */
export function spaceReference({ name, file, options }: SpaceConfig, space: SearchSpace): SpaceReference {
  return {
    name: name ?? '',
    file: file ?? '',
    ...space.input,
    classes: space.classes,
    options,
    hash: spaceHash(space),
  };
}

/** The parts of a header that are the same however a table came to be. */
export function newHeader(
  reference: SpaceReference,
): Pick<TableHeader, 'version' | 'tool' | 'created' | 'space'> {
  return {
    version: TABLE_VERSION,
    tool: `singlepath ${packageVersion()}`,
    created: new Date().toISOString(),
    space: reference,
  };
}

/**
 * The space a table was made for.
 *
 * @throws SinglePathError `INVALID_TABLE` where the space of that name has changed since, or its file is gone.
 */
export function spaceOfTable(table: LatencyTable, path: string): SearchSpace {
  checkArguments('spaceOfTable()', { latencyTable: table, path });
  const reference = table.header.space;
  checkArguments('the space of a latency table', { section: reference });
  const { name, file, size, channels, classes, options, hash } = reference;
  const what = name === '' ? file : name;
  let space: SearchSpace;
  try {
    space = openSpace({ name: name || null, file: file || null, size, channels, classes, options });
  } catch (cause) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `The space '${what}' of '${path}' cannot be opened: ${(cause as Error).message}`,
      {
        hint: 'a space file is looked for where it was when the table was made',
        cause,
      },
    );
  }
  if (spaceHash(space) !== hash) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected the space '${what}' as it was when '${path}' was made but it changed`,
      {
        hint: 'measure or import the table again',
      },
    );
  }
  return space;
}

export interface ImportOptions {
  format: ForeignFormatName;
  /** Name of the device, where it is known. */
  device: string;
  /** Estimate rows the file does not have. */
  interpolate?: boolean | undefined;
}

/** A table from a file of another project: docs/latency.md. @throws what importRows throws. */
export function importTable(config: SpaceConfig, path: string, options: ImportOptions): LatencyTable {
  checkArguments('importTable()', { path, options });
  const { format, device, interpolate = false } = options;
  const space = openSpace(config);
  const rows = importRows(space, path, format, { interpolate });
  const environment = importedEnvironment(device);
  return { header: { ...newHeader(spaceReference(config, space)), environment, overheadNs: 0 }, rows };
}
