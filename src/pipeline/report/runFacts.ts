import { resolve } from 'node:path';
import { type Config, configSchema } from '../../config/schema/config.js';
import { differences } from '../../core/differences.js';
import { shell } from '../../core/shell.js';
import type { RunFacts, RunStatus } from '../../report/facts.js';
import { isRunning } from '../../run/directory.js';
import { readImageRecord } from '../../run/images.js';
import type { Timeline } from '../../run/timeline.js';
import { batchesOfEpoch, stepsOfEpochs } from '../../train/recipe.js';
import { readStart, type StoredRun } from '../runs/runs.js';
import type { FoundRun } from './findRuns.js';

/** What is known of every run, whatever its kind. */
export function runFacts(found: FoundRun, stored: StoredRun, timeline: Timeline): RunFacts {
  const { header, name, path } = found;
  const { config, kind } = stored;
  const images = readImageRecord(path);
  return {
    name,
    kind,
    status: statusOf(path, timeline),
    created: header.created,
    step: timeline.step,
    steps: stepsOf(stored, images?.train?.images),
    seconds: timeline.seconds,
    starts: timeline.starts,
    peakMemory: timeline.peakMemory,
    environment: timeline.environment,
    incidents: timeline.incidents,
    seed: config.seed,
    data: images && {
      kind: images.data.kind,
      images: images.split.images,
      fingerprint: images.split.fingerprint,
      classes: images.classes.length,
    },
    passes: { trained: trainedImages(stored, timeline.step), evaluated: 0 },
    settings: settingsOf(config, path),
    command: commandOf(found, stored),
  };
}

/** @param path of the run directory. */
export function statusOf(path: string, { ended }: Timeline): RunStatus {
  return isRunning(path) ? 'running' : (ended ?? 'stopped');
}

/** Steps of a training as its configuration asks for; generations of a search and its baseline. */
export function stepsOf({ kind, config }: StoredRun, images: number | undefined): number | null {
  if (kind === 'search') return (config.search.generations + 1) * (config.search.baseline ? 2 : 1);
  const { epochs, steps, batchSize, accumulate } = kind === 'train' ? config.train : config.retrain;
  if (epochs === null) return steps;
  return images === undefined ? null : stepsOfEpochs(epochs, batchesOfEpoch(images, batchSize), accumulate);
}

function trainedImages({ kind, config }: StoredRun, steps: number): number {
  if (kind === 'search') return 0;
  const { batchSize, accumulate } = kind === 'train' ? config.train : config.retrain;
  return steps * batchSize * accumulate;
}

/** What somebody chose: every setting that is not the default; the run's own copy of its space without its place. */
export function settingsOf(config: Config, path: string): RunFacts['settings'] {
  const plain = JSON.stringify(config).replaceAll(
    JSON.stringify(resolve(path, 'space.yaml')),
    '"space.yaml"',
  );
  const changed = differences(configSchema.parse({}), JSON.parse(plain));
  return changed.map(({ path: setting, there: standard, here: value }) => [setting, value, standard]);
}

/** `config.yaml` has every setting, so that this is the whole command. */
function commandOf({ path, name }: FoundRun, { kind, supernet, architecture }: StoredRun): string {
  const source = kind === 'search' ? ` --supernet ${shell(supernet ?? '')}` : '';
  const start = readStart(path);
  const from = start === undefined ? '' : ` --from ${shell(start.path)}`;
  const arch = architecture?.length ? ` --arch ${architecture.join(',')}` : '';
  return `singlepath ${kind} --config ${shell(`${path}/config.yaml`)}${source}${from}${arch} --run-dir ${shell(`again/${name}`)}`;
}
