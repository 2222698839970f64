/// <reference lib="esnext.disposable" preserve="true" />
/**
 * singlepath as a library: everything the command line does. Importing it loads no native code; the addon is loaded
 * by the first call that needs it.
 */

// From a configuration to a result: what the commands call.

export { type LoadConfigOptions, loadConfig, resolveConfig } from './config/load.js';
export { printConfig } from './config/print.js';
export { type Config, configJsonSchema } from './config/schema/config.js';
export { type ConfigSource, fileSource, objectSource, setSource } from './config/sources.js';
export type { Group } from './distributed/group.js';
export { type JoinOptions, joinGroup } from './distributed/join.js';
export { checkConfig } from './pipeline/checkConfig.js';
export {
  type Accuracy,
  type EvaluateControl,
  evaluateExported,
  evaluateNetwork,
  evaluatePath,
  evaluateWeights,
  exportedSources,
} from './pipeline/evaluate.js';
export { calibrateLatency } from './pipeline/latency/calibrateLatency.js';
export { importTable, spaceOfTable } from './pipeline/latency/latencyTable.js';
export { measureLatency, openSession } from './pipeline/latency/measureLatency.js';
export { type Verification, verifyLatency } from './pipeline/latency/verifyLatency.js';
export { type CollectControl, collectReport } from './pipeline/report/collectReport.js';
export { type AllControl, type AllResult, runAll, STAGES, type Stage } from './pipeline/runAll.js';
export { type ExportControl, runExport } from './pipeline/runExport.js';
export { type RankControl, type RankedNetwork, type RankResult, runRank } from './pipeline/runRank.js';
export { type RetrainControl, runRetrain } from './pipeline/runRetrain.js';
export { runSearch, type SearchControl, type SearchResult } from './pipeline/runSearch.js';
export { readResult, readRun, type StoredRun } from './pipeline/runs/runs.js';
export { runTrain, type TrainControl } from './pipeline/runTrain.js';
export { type HelpControl, helpScore } from './pipeline/search/openScorer.js';
export { openSpace, recipeOf } from './pipeline/setup/fromConfig.js';

// Search spaces as data.

export * as nn from './graph/build.js';
export type { Graph, GraphNode, OpName } from './graph/graph.js';
export type * from './graph/node/types.js';
export { checkArchitecture, formatArchitecture, parseArchitecture } from './space/architecture.js';
export { checkSpace } from './space/check.js';
export { choiceLayer, defineSpace, fixed, type SpaceDefinition } from './space/define.js';
export { Equivalence } from './space/equivalence.js';
export { loadSpace } from './space/file/load.js';
export { spaceHash } from './space/hash.js';
export { getSpace, listSpaces, type SpaceEntry, type SpaceOptions } from './space/spaces/catalog.js';
export { deriveSubnet, fixGenes } from './space/subnet.js';
export type { Architecture, Choice, Gene, GeneKind, Layer, SearchSpace } from './space/types.js';

// Costs and constraints, latency tables among them.

export {
  type Constraint,
  formatConstraint,
  formatCost,
  parseConstraint,
  parseConstraints,
} from './cost/constraint.js';
export { type Cost, costOf } from './cost/cost.js';
export { type CostStatistics, costStatistics, spaceSize } from './cost/statistics.js';
export { type CostTable, type Metric, tableCost } from './cost/table.js';
export { costTable } from './latency/cost/costTable.js';
export { LocalSession } from './latency/device/local.js';
export { RunnerSession } from './latency/device/runner.js';
export type {
  Abilities,
  Job,
  JobResult,
  Plan,
  RunSettings,
  Session,
  StopRule,
} from './latency/device/session.js';
export { diffTables, type TableDifference } from './latency/diff.js';
export { readTable, writeTable } from './latency/format/files.js';
export { type Finding, lint } from './latency/lint.js';
export { type Prediction as LatencyPrediction, predict as predictLatency } from './latency/predict.js';
export { type Block, type Row, spaceRows } from './latency/rows.js';
export type { Environment, LatencyTable, TableHeader, TableRow } from './latency/table.js';

// Sampling paths.

export { BinnedSampler, ConstrainedSampler, type CostBins } from './sampling/constrained.js';
export { type FeasibleOptions, FeasibleSet, feasibleSet } from './sampling/feasible.js';
export type { Sampler } from './sampling/sampler.js';
export { StrictFairnessSampler } from './sampling/strictFairness.js';
export { UniformSampler } from './sampling/uniform.js';

// Images.

export { AUGMENT_PRESETS, type AugmentOptions } from './data/augment.js';
export { Dataset } from './data/dataset.js';
export { splitHeldOut, splitPerClass } from './data/heldOut.js';
export { type DatasetReport, inspectDataset } from './data/inspect.js';
export type { ArraySource } from './data/kinds/arrays.js';
export type { EncodedImages } from './data/kinds/encoded.js';
export type { ImageConfig } from './data/kinds/imageConfig.js';
export type { DatasetConfig, DatasetKind } from './data/kinds/index.js';
export type { Split } from './data/kinds/kind.js';
export { DataLoader, type LoaderOptions } from './data/loader.js';
export { datasetFromArrays, openDataset } from './data/open.js';
export { type PackDatasetOptions, packDataset } from './data/pack.js';

// Networks, training, evaluation.

export { evaluationKey, openEvaluationCache } from './evaluate/cacheFile.js';
export { type PopulationOptions, populationEvaluator } from './evaluate/population.js';
export type { NativeBatch, StepOptions, StepResult, TensorEntry } from './runtime/native.js';
export {
  type EvaluateSettings,
  Supernet,
  type SupernetOptions,
  type ValidateResult,
} from './supernet/supernet.js';
export { type TrainingProgress, trainingLoop } from './train/loop.js';
export type { Recipe } from './train/recipe.js';
export { type RetrainOptions, type RetrainResult, retrain } from './train/retrain.js';
export { type TrainResult, type TrainSupernetOptions, trainSupernet } from './train/supernet.js';
export { type WidthWarmup, withWidthWarmup } from './train/widthWarmup.js';

// Searching.

export { EvaluationCache } from './search/cache.js';
export { kendallTau, spearmanRho } from './search/correlation.js';
export { type EvolutionOptions, evolutionarySearch } from './search/evolution.js';
export type { SearchOptions } from './search/generations.js';
export { logError, type Observations, type Prediction, ScoreModel } from './search/model/scoreModel.js';
export { type Nsga2Options, nsga2 } from './search/nsga2.js';
export { randomSearch } from './search/random.js';
export { type RankingReport, rankingReport } from './search/ranking.js';
export { type RankingCard, rankingCard } from './search/rankingCard.js';
export { parseTrueAccuracies, type TrueAccuracy } from './search/truth.js';
export type { Candidate, Evaluate, FrontMember, Score, SearchState } from './search/types.js';

// Run directories and their files.

export { RunDirectory } from './run/directory.js';
export { type RunEvent, readEvents } from './run/events.js';
export type { RunKind } from './run/header.js';
export { readSafetensors, writeSafetensors } from './run/safetensors.js';
export { type Point, Series } from './run/series.js';
export { Timeline } from './run/timeline.js';
export { loadWeights } from './run/weights.js';

// Networks for other programs.

export { type ExportOptions, type ExportResult, exportSubnet } from './export/exportSubnet.js';
export { encodeOnnx, type OnnxOptions, type OnnxWeights } from './export/onnx.js';
export { OnnxNetwork } from './export/onnxNetwork.js';
export type { Parity } from './export/parity.js';
export { Script } from './export/script.js';

// Reports.

export type { ReportFacts } from './report/facts.js';
export { reportPage } from './report/html/page.js';
export { PLOTS, type Plot } from './report/plots.js';
export { standalone } from './report/svg/style.js';

// The machine, errors and random numbers.

export { type ErrorCode, exitCodeOf, SinglePathError } from './core/errors.js';
export { packageRoot } from './core/packageRoot.js';
export { type Purpose, RandomStream } from './core/rng.js';
export { addonFile } from './runtime/addon.js';
export { type BuildOptions, buildAddon } from './runtime/build.js';
export { type DoctorReport, doctorReport, formatDoctor } from './runtime/doctor.js';
