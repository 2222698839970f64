import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEvents } from '../../src/run/events.js';
import { MAIN, singlepath } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';

/** Long work that may be killed at any moment and started again. */
export interface Work {
  /** Arguments of `node` that start it, or go on with it, in a folder. */
  command(folder: string): string[];
  /** What must be there before it is started first. */
  prepare?(folder: string): void;
  /** Which output says that it has begun. */
  begun: RegExp;
  /** Milliseconds after that in which it is killed. */
  longest: number;
  /** What must not depend on how often it was killed. */
  outcome(folder: string): unknown;
}

const fakeChild = fileURLToPath(new URL('./fakeChild.js', import.meta.url));

/** Works without libtorch: many kills in little time. */
export const FAKE_WORKS: Record<string, Work> = {
  'training loop': {
    command: (folder) => [fakeChild, 'train', join(folder, 'run')],
    begun: /working/,
    longest: 120,
    outcome: (folder) => runOutcome(join(folder, 'run')),
  },
  'search loop': {
    command: (folder) => [fakeChild, 'search', join(folder, 'run')],
    begun: /working/,
    longest: 40,
    outcome: (folder) => runOutcome(join(folder, 'run')),
  },
};

/**
 * The commands themselves, with a tiny space.
 *
 * @param root folder for what they start from: a supernet and a network, which are trained here.
 */
export async function commandWorks(root: string): Promise<Record<string, Work>> {
  const { config } = writeTiny(root);
  const [supernet, network] = [join(root, 'supernet'), join(root, 'network')];
  const long = { train: 300, retrain: 300 };
  const steps = Object.entries(long).flatMap(([section, count]) => ['--set', `${section}.steps=${count}`]);
  const often = ['--set', 'train.checkpointEvery=10', '--set', 'retrain.checkpointEvery=10'];
  const few = ['-c', config, '--quiet'];
  const arch = ['--arch', '0,1'];
  for (const args of [
    ['train', ...few, '-d', supernet],
    ['retrain', ...few, ...arch, '-d', network],
  ]) {
    const { code, stderr } = await singlepath(args);
    if (code !== 0) throw new Error(stderr);
  }
  const command = (folder: string, ...args: string[]) => [
    MAIN,
    ...args,
    '-c',
    config,
    '-d',
    join(folder, 'run'),
  ];
  const population = ['search.population=4', 'search.generations=3', 'evaluate.batchSize=8'];
  return {
    train: {
      command: (folder) => [...command(folder, 'train', '--resume'), ...steps, ...often],
      begun: /supernet \d+\//,
      longest: 1500,
      outcome: (folder) => runOutcome(join(folder, 'run')),
    },
    retrain: {
      command: (folder) => [...command(folder, 'retrain', '--resume', ...arch), ...steps, ...often],
      begun: /network \d+\//,
      longest: 1500,
      outcome: (folder) => runOutcome(join(folder, 'run')),
    },
    search: {
      // With a supernet of its own: the scores it caches there are at risk, too.
      prepare: (folder) => cpSync(supernet, join(folder, 'supernet'), { recursive: true }),
      command: (folder) => [
        ...command(folder, 'search', '--resume', '--supernet', join(folder, 'supernet')),
        ...['search.baseline=true', ...population].flatMap((set) => ['--set', set]),
      ],
      begun: /(?:)/,
      longest: 1500,
      outcome: (folder) => ({
        ...runOutcome(join(folder, 'run')),
        scored: lines(join(folder, 'supernet', 'evaluations.jsonl')).sort(),
      }),
    },
    run: {
      command: (folder) => [
        ...command(folder, 'run', '--resume'),
        ...steps,
        ...often,
        '--set',
        'search.finalists=2',
      ],
      begun: /stage 1 of 4/,
      longest: 6000,
      outcome: (folder) => ({
        result: readFileSync(join(folder, 'run', 'result.json'), 'utf8').replaceAll(folder, 'FOLDER'),
        stages: ['supernet', 'network'].map((stage) => runOutcome(join(folder, 'run', stage))),
      }),
    },
    export: {
      prepare: (folder) => mkdirSync(folder, { recursive: true }),
      command: (folder) => [MAIN, 'export', network, '--out', join(folder, 'out'), '--verbose'],
      begun: /(?:)/,
      longest: 1500,
      outcome: (folder) =>
        readdirSync(join(folder, 'out'))
          .filter((name) => !name.includes('.tmp-'))
          .map((name) => [name, readFileSync(join(folder, 'out', name), 'base64')]),
    },
  };
}

/** Of events: what is measured, and is another number each time. */
const MEASURED = new Set(['time', 'imagesPerSecond', 'data', 'seconds', 'peakMemory']);

/** Everything a run leaves but times: result, events as if it had never stopped, candidates, newest checkpoint. */
function runOutcome(path: string) {
  const events = readEvents(join(path, 'events.jsonl'))
    .filter(({ type }) => ['step', 'generation', 'validation'].includes(type))
    .map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => !MEASURED.has(name))));
  const checkpoints = readdirSync(join(path, 'checkpoints'));
  const last = checkpoints
    .filter((name) => name.startsWith('step-'))
    .sort()
    .at(-1)!;
  const weights = join(path, 'checkpoints', last, 'weights.safetensors');
  return {
    result: readFileSync(join(path, 'result.json'), 'utf8'),
    events,
    last,
    weights: existsSync(weights) ? readFileSync(weights, 'base64') : null,
    candidates: lines(join(path, 'candidates.jsonl')),
    table: lines(join(path, 'candidates.csv')),
    // What a killed process left half-written is cleared away.
    left: [...checkpoints, ...readdirSync(path)].filter((name) => /^\.|tmp-|lock/.test(name)),
  };
}

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}
