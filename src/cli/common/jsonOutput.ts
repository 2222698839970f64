import type { DatasetReport } from '../../data/inspect.js';
import type { TableDifference } from '../../latency/diff.js';
import type { Finding } from '../../latency/lint.js';
import type { Prediction } from '../../latency/predict.js';
import type { Calibration, Environment, LatencyTable } from '../../latency/table.js';
import type { Accuracy } from '../../pipeline/evaluate.js';
import type { Verification } from '../../pipeline/latency/verifyLatency.js';
import type { AllResult } from '../../pipeline/runAll.js';
import type { ExportResult } from '../../pipeline/runExport.js';
import type { RankResult } from '../../pipeline/runRank.js';
import type { RunStatus } from '../../report/facts.js';
import type { RunKind } from '../../run/header.js';
import type { BuildResult } from '../../runtime/build.js';
import type { DoctorReport } from '../../runtime/doctor.js';
import type { ImageProblem } from '../../runtime/native.js';
import type { SearchResult } from '../../search/result.js';
import type { Advantage } from '../../search/significance.js';
import type { SpaceEntry } from '../../space/spaces/catalog.js';
import type { Architecture, Gene } from '../../space/types.js';
import type { RetrainResult } from '../../train/retrain.js';
import type { TrainResult } from '../../train/supernet.js';

/** A network of the demo, trained from scratch. */
export interface RetrainedNetwork {
  architecture: Architecture;
  result: RetrainResult;
}

export interface DemoResult {
  train: TrainResult;
  search: SearchResult;
  /** The winner of the search and random legal networks, trained from scratch with the same recipe. */
  winner: RetrainedNetwork;
  random: RetrainedNetwork[];
  /** Of the winner over the mean of the random networks, on the same test images. */
  advantage: Advantage;
  export: ExportResult;
  /** Seconds of each phase. */
  seconds: Record<string, number>;
  runDir: string;
}

/**
 * The document each command prints with `--json`. docs/json/ has a JSON Schema of each, written from these types
 * (`node scripts/json-docs.mjs`); a test holds the two together.
 */
export interface JsonOutput {
  run: AllResult & { runDir: string };
  train: TrainResult & { runDir: string };
  search: SearchResult & { runDir: string };
  retrain: RetrainResult & {
    architecture: number[];
    costs: { madds: number; params: number };
    runDir: string;
  };
  evaluate: Accuracy & { target: string };
  export: ExportResult;
  rank: RankResult;
  report: WrittenReport;
  plot: WrittenPlot;
  demo: DemoResult;
  'data info': DataInfo;
  'data verify': DataVerification;
  'data pack': PackedData;
  cost: ArchitectureCosts[];
  'space list': SpaceEntry[];
  'space show': SpaceDocument;
  'space stats': SpaceStatistics;
  'space validate': ValidatedSpace[];
  'config validate': ValidatedFile[];
  'latency measure': MeasuredTable;
  'latency verify': Verification;
  'latency calibrate': Calibration & { table: string };
  /** `arch` is `architecture`, as other programs name it. */
  'latency predict': (Prediction & { arch: number[] })[];
  'latency show': LatencyTable;
  'latency lint': Finding[];
  'latency diff': TableDifference;
  doctor: DoctorReport;
  build: BuildResult;
  /** Of every command that fails, in place of its own. */
  error: JsonError;
}

/** What `latency measure` wrote. */
export interface MeasuredTable {
  /** The file. */
  table: string;
  rows: number;
  /** Rows whose median is not known within the tolerance, that were measured while the machine changed its speed, and
   * that failed. */
  notConverged: number;
  drifted: number;
  failed: number;
  /** Mean half-width of the 95 % confidence intervals of the medians, as a part of them; null where there are none. */
  uncertainty: number | null;
  environment: Environment;
}

/** What `report` wrote. */
export interface WrittenReport {
  file: string;
  bytes: number;
  runs: { name: string; kind: RunKind; status: RunStatus }[];
  /** What a reader wants to know first, and how it was measured. */
  findings: { text: string; detail: string }[];
}

/** What `plot` wrote. */
export interface WrittenPlot {
  file: string;
  plot: string;
}

/** What is in a data set. */
export interface DataInfo {
  path: string;
  kind: string;
  splits: DatasetReport[];
}

export interface DataVerification {
  path: string;
  kind: string;
  images: number;
  /** Whether the policy allows as many broken images as there are. */
  ok: boolean;
  broken: ImageProblem[];
}

export interface PackedData {
  path: string;
  images: number;
  /** Of these. */
  training: number;
  test: number;
  bytes: number;
  /** Images that an earlier, interrupted call had packed. */
  resumed: number;
  leftOut: ImageProblem[];
}

/** A search space as data. */
export interface SpaceDocument {
  name: string;
  /** Height = width of the images, and channels. */
  input: { channels: number; size: number };
  classes: number;
  /** In the order in which an architecture has their values. */
  genes: Gene[];
  layers: {
    name: string;
    /** Index of the block gene; absent where there is nothing to choose. */
    gene?: number;
    choices: {
      name: string;
      /** Ops with `op`, `name`, `inputs` and their settings: docs/spaces.md. */
      graph: { nodes: object[] };
    }[];
  }[];
}

export interface JsonError {
  error: {
    /** Such as INVALID_CONFIG; INTERNAL is a bug. */
    code: string;
    message: string;
    /** What can be done about it. */
    hint?: string;
  };
}

export interface ArchitectureCosts {
  architecture: number[];
  /** The same, as it was called before. */
  arch: number[];
  madds: number;
  params: number;
  /** Of spaces with bits. */
  bitops?: number;
  weightbits?: number;
}

export interface SpaceStatistics {
  space: string;
  /** Height = width of the images, and channels. */
  input: { channels: number; size: number };
  classes: number;
  /** Number of genes. */
  genes: number;
  /** Number of architectures, as text: it may not fit a JSON number. */
  architectures: string;
  costs: {
    metric: string;
    min: number;
    max: number;
    mean: number;
    sd: number;
    /** By probability, such as 0.5. */
    quantiles: Record<string, number>;
    /** Costs are counted in steps of this size. */
    resolution: number;
    /** Architectures of the smallest and the largest cost. */
    argmin: number[];
    argmax: number[];
  }[];
  feasible?: FeasibleStatistics;
}

export interface FeasibleStatistics {
  constraints: string[];
  /** Architectures that a constrained sampler draws, all equally likely: as text, as above. */
  architectures: string;
  /** Share of the space. */
  share: number;
  /** Whether these are all that meet the constraints. */
  exact: boolean;
  /** At most this share of those that meet the constraints is never drawn; all of them are close to a limit. */
  excluded: number;
}

export interface ValidatedSpace {
  file: string;
  space?: string;
  /** Number of architectures, as text: it may not fit a JSON number. */
  architectures?: string;
  error?: string;
  hint?: string;
}

export interface ValidatedFile {
  file: string;
  /** Why it can never run; absent where it can. */
  error?: string;
  /** Files of its data set that are not on this machine; absent where all are. */
  missing?: string;
  /** Settings of the file that decide nothing, because of others; absent where there are none. */
  ignored?: string[];
  hint?: string;
}
