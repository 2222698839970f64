import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Config } from '../config/schema/config.js';
import { holdsResult, type RunKind } from '../run/header.js';
import { Timeline } from '../run/timeline.js';
import type { SearchResult } from '../search/result.js';
import { hashOf, spaceHash } from '../space/hash.js';
import type { SearchSpace } from '../space/types.js';
import type { RetrainResult } from '../train/retrain.js';
import type { TrainResult } from '../train/supernet.js';
import { imagePlaces } from './images/imagePlaces.js';
import type { ExportResult } from './runExport.js';
import { searchIdentity, tablesIdentity, trainingIdentity, trialIdentity } from './runs/identity.js';
import { readResult, readRun, type StoredRun } from './runs/runs.js';

/** What the stages of a whole run give. */
export interface StageResults {
  supernet: TrainResult;
  search: SearchResult;
  network: RetrainResult;
  export: ExportResult;
}

/**
 * The results of the stages that are finished with these settings, in their order up to the first one that has work to do.
 * Neither images nor weights are opened.
 *
 * @throws SinglePathError `INVALID_CHECKPOINT` or `IO` for a run directory that cannot be read.
 */
export function finishedStages(runDir: string, config: Config, space: SearchSpace): Partial<StageResults> {
  /** The result of a run that has ended, where `settings` say the same of its configuration and of this one. */
  const finished = <Result>(
    folder: string,
    kind: RunKind,
    settings: (config: Config) => unknown,
    agrees: (run: StoredRun) => boolean = () => true,
  ): Result | undefined => {
    const path = join(runDir, folder);
    if (!hasEnded(path)) return undefined;
    const run = readRun(path, kind);
    const same = hashOf(settings(run.config)) === hashOf(settings(config));
    return same && agrees(run) ? readResult<Result>(path) : undefined;
  };
  // Its images may have moved since: what goes on then notes their place.
  const places = ({ data }: Config) => imagePlaces(data);

  const supernet = finished<TrainResult>(
    'supernet',
    'train',
    (one) => [trainingIdentity(one, 'train'), places(one)],
    (run) => run.space.hash === spaceHash(space) && sameTables(run, tablesIdentity(config, 'train', space)),
  );
  if (supernet === undefined) return {};

  const search = finished<SearchResult>(
    'search',
    'search',
    // The whole section: a finished search goes on with more generations or finalists.
    (one) => [searchIdentity(one, ''), trialIdentity(one), one.search, withoutTables(one), places(one)],
    (run) => run.weights === supernet.weights && sameTables(run, tablesIdentity(config, 'search', space)),
  );
  if (search === undefined) return { supernet };

  const network = finished<RetrainResult>(
    'network',
    'retrain',
    (one) => [trainingIdentity(one, 'retrain'), places(one)],
    (run) => run.architecture?.join() === search.winner.architecture.join(),
  );
  if (network === undefined) return { supernet, search };

  // The export has no directory of its own: its result is in that of the whole.
  const whole = finished<Pick<StageResults, 'network' | 'export'>>('', 'run', (one) => one.export);
  if (whole?.network.weights !== network.weights) return { supernet, search, network };
  const exported = withPaths(whole.export, (path) => (isAbsolute(path) ? path : join(runDir, path)));
  const complete = Object.values(exported.files).every((file) => existsSync(file));
  return { supernet, search, network, ...(complete && { export: exported }) };
}

/** Another spelling of the paths in what an export gives. */
export function withPaths(
  { directory, files, ...rest }: ExportResult,
  spell: (path: string) => string,
): ExportResult {
  const { script, onnx, weights, architecture } = files;
  return {
    directory: spell(directory),
    files: {
      script: spell(script),
      ...(onnx !== undefined && { onnx: spell(onnx) }),
      weights: spell(weights),
      architecture: spell(architecture),
    },
    ...rest,
  };
}

/** Whether the last process that worked on a run finished it. */
function hasEnded(path: string): boolean {
  return holdsResult(path) && new Timeline(path).readAll().ended === 'finished';
}

function sameTables(run: StoredRun, { tables }: { tables?: string[] }): boolean {
  return run.tables?.join() === tables?.join();
}

/** Which tables there are is compared by what is in them. */
function withoutTables({ latency: { tables: _, ...settings } }: Config): unknown {
  return settings;
}
