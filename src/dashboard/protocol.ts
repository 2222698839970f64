/** What the server tells the pages of the dashboard. Types alone: both sides compile them. */

export interface RunSummary {
  /** In addresses; says nothing of paths. */
  id: string;
  /** Folder the run directory is in, and its own name; relative to the folder that is shown. */
  folder: string;
  name: string;
  kind: string;
  space: string;
  status: 'running' | 'finished' | 'failed' | 'stopped';
  /** What is wrong with the run directory, for people. */
  problem?: string;
  /** Share of its events that was read, in [0, 1]. */
  read: number;
  step: number;
  steps: number | null;
  /** Best value so far, not the last one; at which step, and of a search in which generation. */
  best?: { metric: string; value: number; step: number; generation?: number };
  /** Of the last steps. */
  imagesPerSecond?: number;
  /** Share of the time in which the network waited for images. */
  waitingForData?: number;
  /** Seconds; absent where it cannot be known. */
  left?: number;
  seconds: number;
  /** Bytes. */
  peakMemory: number;
  incidents: number;
  /** Milliseconds since 1970, of the first and of the last event. */
  begun: number;
  time: number;
  /** The main curve in few points. */
  spark: number[];
}

export interface RunDetails extends RunSummary {
  /** Curves it has: `train/loss`. */
  metrics: string[];
  incidentList: { type: string; step: number; text: string }[];
  /** Settings that are not the default. */
  settings: [path: string, value: string][];
}

/** `GET /api/runs/ID/series`: columns of equal length. */
export interface SeriesDocument {
  metric: string;
  steps: number[];
  /** Seconds since the run began. */
  times: number[];
  values: number[];
  /** Points the curve has in this range. */
  total: number;
}

/** A message of `GET /events`. */
export interface Update {
  runs: RunSummary[];
  /** Runs that are gone. */
  removed: string[];
}
