import type { LoaderTimes } from '../runtime/native.js';
import type { BatchLoader } from './batches.js';

/** Seconds since the last line of the log: whether the images or the network hold a training up. */
export interface DataTimes extends LoaderTimes {
  /** In which the network waited for images. */
  wait: number;
}

/** Times what a training waits for. */
export class DataClock {
  readonly #loader: BatchLoader;
  #waited = 0;
  #taken = 0;
  #before: LoaderTimes;

  constructor(loader: BatchLoader) {
    this.#loader = loader;
    this.#before = this.#times();
  }

  /** The same groups of batches; the time they are waited for is counted. */
  async *watch<Group>(groups: AsyncIterable<Group>): AsyncGenerator<Group> {
    let asked = performance.now();
    for await (const group of groups) {
      this.#waited += (performance.now() - asked) / 1000;
      yield group;
      asked = performance.now();
    }
  }

  /** Seconds waited in all. */
  get waited(): number {
    return this.#taken + this.#waited;
  }

  /** What was counted since the last call. */
  take(): DataTimes {
    const [now, before, wait] = [this.#times(), this.#before, this.#waited];
    this.#before = now;
    this.#taken += wait;
    this.#waited = 0;
    return {
      wait,
      read: now.read - before.read,
      decode: now.decode - before.decode,
      transform: now.transform - before.transform,
      idle: now.idle - before.idle,
    };
  }

  #times(): LoaderTimes {
    return this.#loader.times?.() ?? { read: 0, decode: 0, transform: 0, idle: 0 };
  }
}
