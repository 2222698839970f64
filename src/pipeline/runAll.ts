import { join, relative } from 'node:path';
import { configArgument } from '../config/load.js';
import type { Config } from '../config/schema/config.js';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { RunDirectory } from '../run/directory.js';
import { holdsRun } from '../run/header.js';
import type { CostedCandidate, SearchResult } from '../search/result.js';
import type { Architecture } from '../space/types.js';
import type { RetrainResult } from '../train/retrain.js';
import type { TrainResult } from '../train/supernet.js';
import { checkConfig } from './checkConfig.js';
import { finishedStages, type StageResults, withPaths } from './finishedStages.js';
import { type ExportResult, runExport } from './runExport.js';
import { type RetrainControl, runRetrain } from './runRetrain.js';
import { runSearch, type SearchControl } from './runSearch.js';
import { keptConfig, type RunControl, readRun } from './runs/runs.js';
import { runTrain, type TrainControl } from './runTrain.js';
import { checkHeldOut } from './search/openScorer.js';
import { openSpace, provenance } from './setup/fromConfig.js';

/** The stages in their order; each has the folder of its name. */
export const STAGES = ['supernet', 'search', 'network', 'export'] as const;
export type Stage = (typeof STAGES)[number];

/** What a stage tells while it runs: its own control without what all stages share. */
type Hooks<Control> = Omit<
  Control,
  keyof RunControl | 'onSkipped' | 'supernet' | 'search' | 'from' | 'onWarmStart'
>;

/** One process does the whole: only a stage on its own can be shared between several. */
export interface AllControl extends Omit<RunControl, 'group'> {
  /** Told when a stage begins, also where it was finished before and only its result is read. */
  onStage?: (stage: Stage, folder: string) => void;
  /** Receives the error of each damaged checkpoint that is skipped. */
  onSkipped: (error: SinglePathError) => void;
  supernet?: Hooks<TrainControl>;
  search?: Hooks<SearchControl>;
  network?: Hooks<RetrainControl>;
}

/** `result.json` of the whole; in the file, paths count from its folder. The complete result of a stage is in its own folder. */
export interface AllResult {
  kind: 'run';
  space: string;
  supernet: TrainResult;
  /** What the search chose: a finalist where finalists were trained, else the best scored candidate. */
  winner: CostedCandidate;
  /** Candidates that were evaluated. */
  evaluated: number;
  network: RetrainResult;
  export: ExportResult;
}

/**
 * From a configuration to an exported network: trains the supernet, searches it (with a calibration and finalists where the
 * configuration asks for them), retrains the winner and exports it. Each stage has a run directory of its own in `runDir`, so
 * all that works on the run of one stage works there; stopped at any moment, the whole goes on in the stage it was in.
 *
 * @throws SinglePathError before the first image is read, where the configuration cannot run; then what the stages throw.
 */
export async function runAll(
  given: Config,
  control: AllControl,
): Promise<{ result: AllResult; search: SearchResult }> {
  const config = configArgument('runAll()', given);
  checkArguments('runAll()', { control });
  checkArguments('runAll()', { path: control.runDir });
  const { runDir, resume = false, signal, onStage, onSkipped, onNotice, onBroken } = control;
  checkHeldOut(config);
  const missing = checkConfig(config);
  const space = openSpace(config.space);
  const known = resume ? finishedStages(runDir, config, space) : {};
  if (missing !== undefined && known.export === undefined) throw missing;
  using run = await RunDirectory.open(runDir, {
    kind: 'run',
    space,
    ...keptConfig(config),
    identity: { seed: config.seed }, // the stages compare everything else
    resume,
    ...provenance(config),
  });
  run.log({ type: run.resumed ? 'resumed' : 'started', step: 0 });
  const stage = stageOf(run, known, onStage);
  // A stage that was not begun is begun, one that was stopped goes on, and of a finished one the result is read.
  const shared = { resume: true, signal, onNotice, onBroken };
  const supernet = await stage('supernet', (folder) =>
    runTrain(config, { ...control.supernet, ...shared, runDir: folder, onSkipped }),
  );
  const search = await stage('search', async (folder) => {
    const { result } = await runSearch(config, {
      ...control.search,
      ...shared,
      runDir: folder,
      onSkipped,
      supernet: join(runDir, 'supernet'),
    });
    return result;
  });
  const { winner } = search;
  const network = await stage('network', (folder) => {
    checkWinner(folder, winner.architecture);
    return runRetrain(config, winner.architecture, {
      ...control.network,
      ...shared,
      runDir: folder,
      onSkipped,
      search: join(runDir, 'search'),
    });
  });
  const exported = await stage('export', (folder) =>
    runExport(config, readRun(join(runDir, 'network'), 'retrain'), {
      directory: config.export.directory ?? folder,
      signal,
      onSkipped,
      onNotice,
    }),
  );
  const result: AllResult = {
    kind: 'run',
    space: space.name,
    supernet,
    winner,
    evaluated: search.evaluated,
    network,
    export: exported,
  };
  await run.writeResult({ ...result, export: withPaths(exported, (path) => relative(runDir, path)) });
  run.log({ type: 'finished', step: STAGES.length });
  run.sync();
  return { result, search };
}

/** Runs a stage in its folder; of one that was finished before, the known result is handed on. */
function stageOf(run: RunDirectory, known: Partial<StageResults>, onStage: AllControl['onStage']) {
  return async <Name extends Stage>(
    name: Name,
    work: (folder: string) => Promise<StageResults[Name]>,
  ): Promise<StageResults[Name]> => {
    const folder = join(run.path, name);
    run.log({ type: 'stage', step: STAGES.indexOf(name), stage: name });
    run.sync();
    onStage?.(name, folder);
    return known[name] ?? (await work(folder));
  };
}

/** A search that went on may have another winner than the one that was retrained: that network is not thrown away unasked. */
function checkWinner(folder: string, winner: Architecture): void {
  const trained = holdsRun(folder) ? readRun(folder, 'retrain').architecture : undefined;
  if (trained === undefined || trained.join() === winner.join()) return;
  throw new SinglePathError(
    'INVALID_CONFIG',
    `Expected the network of the search, ${winner.join()}, in '${folder}' but it is that of its former winner, ${trained.join()}`,
    { hint: 'rename the folder to keep that network, or delete it; --resume then trains the new one' },
  );
}
