import { join } from 'node:path';
import { type Difference, describeDifference, differences, firstDifferences } from '../core/differences.js';
import { SinglePathError } from '../core/errors.js';
import { spaceHash } from '../space/hash.js';
import type { SearchSpace } from '../space/types.js';
import { foreignFiles } from './foreignFiles.js';
import { CONFIG_FILE, holdsRun, type RunKind, readHeader } from './header.js';

/** Which run somebody wants a directory for. */
export interface RunClaim {
  kind: RunKind;
  /** The network that is trained or searched. */
  space: SearchSpace;
  /** The resolved configuration: written to `config.yaml` for people. */
  config: unknown;
  /**
   * Plain data that decides the result: a run is only continued where it is equal. Default: the whole `config`.
   * Leave out what may change between stop and resume (threads, log intervals).
   */
  identity?: unknown;
  /** Continue what is there; a directory without a run starts a new one. */
  resume?: boolean;
  /** Files kept in the directory, by name: what the configuration refers to. */
  files?: Readonly<Record<string, Uint8Array>>;
}

/** Settings that earlier versions did not note: a run that lacks them is not asked for them, so it goes on. */
const NOTED_LATER =
  /^(images\.(upright|pixelLimit|broken)|naswotImages|(search\.trial\.)?evaluate|search\.trial\.recipe\.warmupSteps|tables)$/;

/**
 * Whether a directory holds the run that is asked for, and may be continued; false where it is free.
 *
 * @param identity that of the claim, as `run.json` has it.
 * @throws SinglePathError `INVALID_CONFIG` where it holds anything else.
 */
export function holdsClaimed(path: string, identity: unknown, claim: RunClaim): boolean {
  if (!holdsRun(path)) {
    const [foreign] = foreignFiles(path, claim);
    if (foreign === undefined) return false;
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected an empty folder or a run directory in '${path}' but found '${foreign}'`,
      { hint: 'choose another run directory' },
    );
  }
  const header = readHeader(path);
  const differ = [
    ...differences(header.kind, claim.kind, 'kind'),
    ...differences(header.spaceHash.slice(0, 12), spaceHash(claim.space).slice(0, 12), 'spaceHash'),
    ...differences(header.identity, identity),
  ].filter(({ path: setting, there }) => there !== 'absent' || !NOTED_LATER.test(setting));
  if (differ.length > 0) {
    const shown = firstDifferences(differ.map((one) => describeDifference(one)));
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected the same run in '${path}' but it differs: ${shown}`,
      {
        hint: hintFor(path, claim.kind, differ),
      },
    );
  }
  if (claim.resume !== true) {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `Expected a free run directory but '${path}' already holds this run`,
      {
        hint: 'continue it with --resume, or choose another run directory',
      },
    );
  }
  return true;
}

/** A schedule is not stretched: its first steps would have had other learning rates. */
function hintFor(path: string, kind: RunKind, differ: readonly Difference[]): string {
  if (
    kind !== 'search' &&
    differ.every(({ path: setting }) =>
      /^recipe\.(steps|epochs|learningRate|schedule|warmupSteps)$/.test(setting),
    )
  ) {
    return `to train on, start a new run from its weights, with a schedule of its own: --from '${path}' and another --run-dir`;
  }
  return `choose another run directory, or use the configuration in '${join(path, CONFIG_FILE)}'`;
}
