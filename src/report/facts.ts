/**
 * Everything a report says, as plain data: `pipeline/report` collects it from run directories, the sections of
 * `report/html` and the plots of `report/svg` draw it.
 */
import type { CandidateLine } from '../run/candidateFiles.js';
import type { RunEnvironment } from '../run/environment.js';
import type { RunKind } from '../run/header.js';
import type { Point } from '../run/series.js';
import type { Incident } from '../run/timeline.js';
import type { Finalist } from '../search/finalists.js';
import type { RankingCard } from '../search/rankingCard.js';
import type { CalibrationNetwork, CostedCandidate, GenerationSummary } from '../search/result.js';
import type { Architecture, GeneKind } from '../space/types.js';
import type { Validation } from '../train/retrain.js';

export interface ReportFacts {
  title: string;
  space: SpaceFacts;
  runs: RunFacts[];
  supernet?: TrainingFacts;
  search?: SearchFacts;
  /** Networks that were trained from scratch; the one the search found comes first. */
  networks: NetworkFacts[];
  /** The network the report is about: the first one that was trained, or what the search found. */
  subject?: SubjectFacts;
  /** Kendall's tau between what the supernet says of networks and what they reached when trained; null below three. */
  agreement: { pairs: ScoredPair[]; kendall: number | null } | undefined;
  ranking?: { card: RankingCard; pairs: ScoredPair[] };
}

export interface SpaceFacts {
  name: string;
  hash: string;
  genes: { name: string; kind: GeneKind; layer: string; labels: string[] }[];
  /** Number of architectures, as text. */
  size: string;
  classes: number;
}

export type RunStatus = 'running' | 'finished' | 'failed' | 'stopped';

export interface RunFacts {
  /** The folder as it was named, or relative to it. */
  name: string;
  kind: RunKind;
  status: RunStatus;
  created: string;
  /** Steps (generations of a search) done, and of how many. */
  step: number;
  steps: number | null;
  /** In which processes worked on it. */
  seconds: number;
  /** Times a process began to work on it. */
  starts: number;
  /** Bytes; 0 where unknown. */
  peakMemory: number;
  environment: RunEnvironment | undefined;
  incidents: Incident[];
  seed: number;
  data: { kind: string; images: number; fingerprint: string; classes: number } | undefined;
  /** Images that went forward and backward, and those that only went forward. */
  passes: { trained: number; evaluated: number };
  /** Settings that are not the default: path, value, default. */
  settings: [path: string, value: string, standard: string][];
  /** What repeats it. */
  command: string;
}

/** Curves of a training. */
export interface TrainingFacts {
  run: RunFacts;
  loss: Point[];
  accuracy: Point[];
  validation: Point[];
}

export interface SearchFacts {
  run: RunFacts;
  method: string;
  metrics: string[];
  constraints: { metric: string; limit: number; text: string }[];
  candidates: CandidateLine[];
  generations: Omit<GenerationSummary, 'method'>[];
  /** The best first; of an unfinished search those of its candidates so far. */
  topK: CostedCandidate[];
  front?: CostedCandidate[];
  winner?: CostedCandidate;
  /** The best of the random search with the same budget. */
  baseline?: CostedCandidate;
  finalists: Finalist[];
  calibration: CalibrationNetwork[];
  note?: string;
  /** Images that scored each candidate, and those that recalibrated it. */
  heldOut: number;
  calibrationImages: number;
}

export interface NetworkFacts extends TrainingFacts {
  architecture: Architecture;
  costs: Record<string, number>;
  /** Whether the search found it. */
  found: boolean;
  last?: Validation;
  /** Test images. */
  images: number;
  /** Equal for networks that were trained with the same settings on the same images; absent where it began with other weights. */
  recipe?: string;
}

export interface SubjectFacts {
  architecture: Architecture;
  /** What `--arch` takes. */
  text: string;
  costs: Record<string, number>;
  layers: LayerFacts[];
}

export interface LayerFacts {
  name: string;
  /** Its choice with width and bits, for people; null where there is nothing to choose. */
  choice: string | null;
  /** Value of its block gene. */
  block: number | null;
  madds: number;
  params: number;
}

/** What was predicted of a network, and what came true. */
export interface ScoredPair {
  name: string;
  predicted: number;
  truth: number;
}
