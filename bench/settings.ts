import { parseArgs } from 'node:util';

export interface BenchSettings {
  what: 'supernet' | 'evaluate' | 'memory';
  batch: number;
  size: number;
  steps: number;
  rounds: number;
  threads: number;
  /** Candidates timed one by one, and the size of the population for the gain from sharing. */
  candidates: number;
  population: number;
  /** File for the measurements as JSON. */
  json?: string;
}

export const USAGE = `npm run bench -- supernet|evaluate|memory [options]

Both sides run in turn, each in a process of its own, on the same network and the same paths; ratios are of medians.
  --batch N       images a step (64)        --size N        image size, divisible by 32 (96)
  --steps N       timed steps a round (10)  --rounds N      rounds of all sides (3)
  --threads N     intra-op threads (2)      --candidates N  candidates a round (4)
  --population N  for the gain from sharing prefixes (50)
  --json FILE     also write the measurements
The peer needs a Python with torch: SINGLEPATH_PYTHON (default python3), and ../shared/peers.`;

export function parseSettings(args: string[]): BenchSettings {
  const number = (fallback: number) => ({ type: 'string' as const, default: String(fallback) });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      batch: number(64),
      size: number(96),
      steps: number(10),
      rounds: number(3),
      threads: number(2),
      candidates: number(4),
      population: number(50),
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const what = positionals[0];
  if (values.help || (what !== 'supernet' && what !== 'evaluate' && what !== 'memory')) {
    throw new Error(USAGE);
  }
  return {
    what,
    batch: Number(values.batch),
    size: Number(values.size),
    steps: Number(values.steps),
    rounds: Number(values.rounds),
    threads: Number(values.threads),
    candidates: Number(values.candidates),
    population: Number(values.population),
    ...(values.json === undefined ? {} : { json: values.json }),
  };
}
