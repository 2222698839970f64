/** What the scripts of all experiments share: their options, supernets, and what was computed before. */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/load.js';
import type { Config } from '../src/config/schema/config.js';
import { describeDifference, differences, firstDifferences } from '../src/core/differences.js';
import { writeFileAtomically } from '../src/core/files.js';
import { trainingIdentity } from '../src/pipeline/runs/identity.js';
import { readRun } from '../src/pipeline/runs/runs.js';
import { runTrain } from '../src/pipeline/runTrain.js';
import { holdsResult } from '../src/run/header.js';
import { hashOf } from '../src/space/hash.js';

export interface CommonSetting {
  /** Where run directories and scores go: outside the repository, or under runs/. */
  runs: string;
  seeds: number[];
  /** Take finished supernets as they are, whatever they were trained with. */
  asTrained: boolean;
  /** The options that an experiment, or a script of it, has of its own. */
  own: Record<string, string>;
  /** The configuration for a seed. */
  config(seed: number, ...set: string[]): Config;
}

/**
 * Reads `[--runs FOLDER] [--seeds 1,2,3] [--set path=value]... [--as-trained]`.
 *
 * @param own further options with their defaults.
 * @param base the configuration that `--set` changes.
 */
export function readCommon(
  experiment: string,
  own: Record<string, string>,
  base: (own: Record<string, string>) => { files: string[]; set: string[] },
): CommonSetting {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: join('runs', 'experiments', experiment) },
      seeds: { type: 'string', default: '1,2,3' },
      set: { type: 'string', multiple: true, default: [] },
      'as-trained': { type: 'boolean', default: false },
      ...Object.fromEntries(
        Object.entries(own).map(([name, value]) => [name, { type: 'string', default: value } as const]),
      ),
    },
  });
  const { runs, seeds, set, 'as-trained': asTrained } = values;
  const given = Object.fromEntries(Object.keys(own).map((name) => [name, String(Object(values)[name])]));
  const { files, set: fixed } = base(given);
  return {
    runs,
    seeds: seeds.split(',').map(Number),
    asTrained,
    own: given,
    config: (seed, ...more) => loadConfig({ files, set: [`seed=${seed}`, ...fixed, ...set, ...more] }),
  };
}

/**
 * The supernet of a seed, trained where it is not.
 *
 * @returns its run directory.
 * @throws Error for a finished one of other settings: its scores would be taken for those of the settings at hand.
 */
export async function supernetOf(
  { runs, config, asTrained }: Pick<CommonSetting, 'runs' | 'config' | 'asTrained'>,
  seed: number,
): Promise<string> {
  const runDir = join(runs, `supernet-${seed}`);
  if (!holdsResult(runDir)) {
    console.log(`training supernet ${seed}`);
    const progress = tenths(`supernet ${seed}, steps`);
    await runTrain(config(seed), {
      runDir,
      resume: true,
      onProgress: ({ step, steps }) => progress(step, steps),
    });
  } else if (!asTrained) checkTrained(runDir, config(seed));
  return runDir;
}

/** One that a card or other kernels trained is the same for an experiment. */
const COMPUTED_BY = ['runtime.device', 'runtime.kernels'];

function checkTrained(runDir: string, config: Config): void {
  const trained = trainingIdentity(readRun(runDir, 'train').config, 'train');
  const differ = differences(trained, trainingIdentity(config, 'train')).filter(
    ({ path }) => !COMPUTED_BY.includes(path),
  );
  if (differ.length === 0) return;
  throw new Error(
    `Expected a supernet of these settings in '${runDir}' but it was trained with others: ` +
      `${firstDifferences(differ.map((one) => describeDifference(one)))}\n` +
      'name another folder with --runs, or take it as it is with --as-trained',
  );
}

/**
 * Reads what was computed before, or computes it and keeps it under a name in the folder of the runs.
 *
 * @param key everything that decides the value.
 */
export async function kept<T>(
  { runs }: CommonSetting,
  name: string,
  key: unknown,
  compute: () => Promise<T>,
): Promise<T> {
  const file = join(runs, `${name}-${hashOf(key).slice(0, 8)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as T;
  const value = await compute();
  mkdirSync(dirname(file), { recursive: true });
  await writeFileAtomically(file, [JSON.stringify(value)]);
  return value;
}

/** Says of long work each tenth that is done. */
export function tenths(what: string): (done: number, total: number) => void {
  let said = 0;
  return (done, total) => {
    const tenth = Math.floor((10 * done) / total);
    if (tenth > said) console.log(`${what}: ${done} of ${total}`);
    said = tenth;
  };
}

/** Held-out images that candidates and short trainings are scored on. */
export function scoredImages({ evaluate, data }: Config): number {
  return evaluate.validationImages || data.heldOut;
}
