/** A time in milliseconds, as a foreign file has it. */
export interface ForeignTime {
  mean: number;
  spread: number;
  count: number;
}

/** By the keys of the file. */
export type ForeignTimes = Map<string, ForeignTime>;
