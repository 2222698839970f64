import { parseArgs } from 'node:util';

const WHAT = ['supernet', 'evaluate', 'memory', 'busy', 'precision', 'flat', 'overhead', 'scaling'] as const;

export interface BenchSettings {
  what: (typeof WHAT)[number];
  /** A named space. Default spos-shufflenet-v2. */
  space?: string;
  /** Busy processes beside the training, one number a measurement (busy). */
  beside: number[];
  /** Words of the names of the sides to run. Default: all sides. */
  sides?: string[];
  batch: number;
  size: number;
  steps: number;
  rounds: number;
  threads: number;
  /** Candidates timed one by one, and the size of the population for the gain from sharing. */
  candidates: number;
  population: number;
  seeds: number;
  /** Processes that train together. */
  ranks: number;
  /** Default: the demo's. */
  epochs?: number;
  /** File for the measurements as JSON. */
  json?: string;
}

export const USAGE = `npm run bench -- WHAT [options]

Beside PyTorch: all sides run in turn, each in a process of its own, on the same network and the same paths; ratios are
of medians. The peer (bench/peer/) needs a Python with torch: SINGLEPATH_PYTHON (default python3).
  supernet        training steps                 evaluate        candidates, alone and in a population
  memory          peak memory of training
  busy            training alone and beside processes that never sleep, against a fair share of the cores
  data            decoding and augmentation; its own options: npm run bench -- data --help
Of ours alone:
  latency         is a lookup table of this machine right? its own options: npm run bench -- latency --help
  precision       the demo's supernet trained in fp32 and bf16 over several seeds: loss and accuracy
  flat            resident memory over many random paths
  overhead        what a training step costs beside the network
  scaling         data-parallel training: ranks of one thread beside one process

  --sides WORDS   only sides whose names hold one of these words, with commas between: channels_last,fused
  --space NAME    of supernet, evaluate, memory and busy
  --batch N       images a step (64)             --size N        image size, divisible by 32 (96)
  --steps N       timed steps a round (10; busy: 40; flat and overhead: all steps, 10000)
  --rounds N      rounds of all sides (3)        --threads N     intra-op threads (2)
  --candidates N  candidates a round (4)         --population N  for the gain from sharing prefixes (50)
  --beside N,N    busy processes of busy (1,2)
  --seeds N       trainings of each (3)          --epochs N      of each training (the demo's)
  --ranks N       processes of scaling (2)
  --json FILE     also write the measurements (not of flat and overhead)`;

/** Where not 10. */
const STEPS: Partial<Record<BenchSettings['what'], number>> = { flat: 10_000, overhead: 10_000, busy: 40 };

export function parseSettings(args: string[]): BenchSettings {
  const number = (fallback: number) => ({ type: 'string' as const, default: String(fallback) });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      space: { type: 'string' },
      sides: { type: 'string' },
      beside: { type: 'string', default: '1,2' },
      batch: number(64),
      size: number(96),
      steps: { type: 'string' },
      rounds: number(3),
      threads: number(2),
      candidates: number(4),
      population: number(50),
      seeds: number(3),
      ranks: number(2),
      epochs: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const what = WHAT.find((name) => name === positionals[0]);
  if (values.help || what === undefined) throw new Error(USAGE);
  return {
    what,
    ...(values.space !== undefined && { space: values.space }),
    ...(values.sides !== undefined && { sides: values.sides.split(',') }),
    beside: values.beside.split(',').map(Number),
    batch: Number(values.batch),
    size: Number(values.size),
    steps: Number(values.steps ?? STEPS[what] ?? 10),
    rounds: Number(values.rounds),
    threads: Number(values.threads),
    candidates: Number(values.candidates),
    population: Number(values.population),
    seeds: Number(values.seeds),
    ranks: Number(values.ranks),
    ...(values.epochs !== undefined && { epochs: Number(values.epochs) }),
    ...(values.json !== undefined && { json: values.json }),
  };
}
