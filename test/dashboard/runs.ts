import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema/config.js';
import { keptConfig } from '../../src/pipeline/runs/runs.js';
import { RunDirectory } from '../../src/run/directory.js';
import { loadSpace } from '../../src/space/file/load.js';
import { writeTiny } from '../cli/tiny.js';

/** Makes run directories of the tiny space whose events a test writes itself. */
export class FakeRuns {
  readonly #settings: { space: string; config: string };
  readonly config: Config;

  constructor(readonly root: string) {
    this.#settings = writeTiny(`${root}-settings`);
    this.config = loadConfig({ files: [this.#settings.config], set: ['train.steps=1000'] });
  }

  /** A training that has begun; its process is this one until it is disposed. */
  training(name: string, set: readonly string[] = []): Promise<RunDirectory> {
    return this.#begin('train', name, set);
  }

  /** A search that has begun. */
  search(name: string): Promise<RunDirectory> {
    return this.#begin('search', name);
  }

  async #begin(kind: 'train' | 'search', name: string, set: readonly string[] = []): Promise<RunDirectory> {
    const config = loadConfig({ files: [this.#settings.config], set: ['train.steps=1000', ...set] });
    const run = await RunDirectory.open(join(this.root, name), {
      kind,
      space: loadSpace(this.#settings.space),
      ...keptConfig(config),
    });
    run.log({ type: 'started', step: 0 });
    return run;
  }
}

/** A step event as trainings write it. */
export function step(run: RunDirectory, number: number, loss: number): void {
  run.log({
    type: 'step',
    step: number,
    loss,
    accuracy: 0.5,
    learningRate: 0.1,
    imagesPerSecond: 100,
    epoch: 0,
  });
}

/** A generation event as searches write it, two candidates each. */
export function generation(
  run: RunDirectory,
  number: number,
  { phase, generation, best }: { phase: 'search' | 'baseline'; generation: number; best: number },
): void {
  const evaluated = 2 * (generation + 1);
  run.log({ type: 'generation', step: number, phase, generation, best, median: best, evaluated });
}
