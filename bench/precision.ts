/** Does bf16 train as well as fp32? The demo's supernet, in both, over several seeds. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/packageRoot.js';
import { meanOf } from '../src/core/statistics.js';
import { type Config, fileSource, loadConfig, readRun, runTrain } from '../src/index.js';
import { openScorer } from '../src/pipeline/search/openScorer.js';
import { openSpace } from '../src/pipeline/setup/fromConfig.js';
import { formatTable } from '../src/report/table.js';
import { readEvents } from '../src/run/events.js';
import { addon } from '../src/runtime/addon.js';
import { UniformSampler } from '../src/sampling/uniform.js';
import type { BenchSettings } from './settings.js';
import { standardDeviation } from './statistics.js';

const PRECISIONS = ['fp32', 'bf16'] as const;
const PATHS = 32;

interface Training {
  /** Mean training loss of each log interval. */
  losses: { step: number; loss: number }[];
  /** Mean held-out accuracy of fixed random paths with inherited weights, percent. */
  accuracy: number;
}

export async function precision(settings: BenchSettings): Promise<void> {
  addon().setThreads(settings.threads);
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-bench-'));
  const trainings = new Map<string, Training[]>(PRECISIONS.map((name) => [name, []]));
  try {
    for (let seed = 1; seed <= settings.seeds; seed++) {
      for (const name of PRECISIONS) {
        const training = await train(join(folder, `${name}-${seed}`), name, seed, settings.epochs);
        trainings.get(name)!.push(training);
        const last = training.losses.at(-1)!;
        console.error(
          `seed ${seed} ${name}: loss ${last.loss.toFixed(4)}, accuracy ${training.accuracy.toFixed(2)} %`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }

  const spread = (values: number[], digits: number) =>
    `${meanOf(values).toFixed(digits)} ± ${standardDeviation(values).toFixed(digits)}`;
  const steps = trainings.get('fp32')![0]!.losses.map(({ step }) => step);
  const cells = (read: (training: Training) => number, digits: number) => {
    const [fp32, bf16] = PRECISIONS.map((name) => trainings.get(name)!.map(read)) as [number[], number[]];
    const differences = bf16.map((value, seed) => value - fp32[seed]!);
    return [spread(fp32, digits), spread(bf16, digits), spread(differences, digits)];
  };
  console.log(
    formatTable(
      ['', 'fp32', 'bf16', 'bf16 - fp32, same seed'].map((title) => ({ title })),
      [
        ...steps.map((step, i) => [`loss to step ${step}`, ...cells(({ losses }) => losses[i]!.loss, 4)]),
        [`accuracy of ${PATHS} paths, %`, ...cells(({ accuracy }) => accuracy, 2)],
      ],
    ),
  );
  console.log(`mean ± standard deviation over ${settings.seeds} seeds`);
  if (settings.json !== undefined) {
    writeFileSync(
      settings.json,
      `${JSON.stringify({ settings, trainings: Object.fromEntries(trainings) }, null, 2)}\n`,
    );
  }
}

async function train(
  runDir: string,
  name: string,
  seed: number,
  epochs: number | undefined,
): Promise<Training> {
  const config: Config = loadConfig({
    base: [fileSource(join(packageRoot(), 'configs', 'demo.yaml'))],
    set: [
      `runtime.precision=${name}`,
      `seed=${seed}`,
      ...(epochs === undefined ? [] : [`train.epochs=${epochs}`]),
    ],
  });
  await runTrain(config, { runDir });
  const space = openSpace(config.space);
  await using scorer = await openScorer(config, space, readRun(runDir, 'train'), { onSkipped: () => {} });
  const sampler = new UniformSampler(space, 0); // the same paths for all
  const scores = await scorer.evaluate(
    Array.from({ length: PATHS }, (_, i) => sampler.at(i)),
    {},
  );
  const losses = readEvents(join(runDir, 'events.jsonl')).flatMap(({ type, step, loss }) =>
    type === 'step' && typeof loss === 'number' ? [{ step, loss }] : [],
  );
  return { losses, accuracy: 100 * meanOf(scores.map(({ accuracy }) => accuracy)) };
}
