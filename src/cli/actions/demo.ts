import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema/config.js';
import { type ConfigSource, fileSource, objectSource } from '../../config/sources.js';
import { packageRoot } from '../../core/packageRoot.js';
import { RandomStream } from '../../core/rng.js';
import { costOf } from '../../cost/cost.js';
import { inspectDataset } from '../../data/inspect.js';
import { detectKind } from '../../data/kinds/detect.js';
import type { DatasetConfig } from '../../data/kinds/index.js';
import { networkHits } from '../../pipeline/evaluate.js';
import { fitDemo } from '../../pipeline/fitDemo.js';
import { runAll } from '../../pipeline/runAll.js';
import { runRetrain } from '../../pipeline/runRetrain.js';
import { readRun } from '../../pipeline/runs/runs.js';
import { openSpace } from '../../pipeline/setup/fromConfig.js';
import { searchedArchitectures } from '../../pipeline/setup/legalArchitectures.js';
import { formatDuration, formatExact, formatPercent } from '../../report/format.js';
import { formatTable } from '../../report/table.js';
import { type Advantage, pairedAdvantage } from '../../search/significance.js';
import { formatArchitecture } from '../../space/architecture.js';
import { Equivalence } from '../../space/equivalence.js';
import type { Architecture, SearchSpace } from '../../space/types.js';
import { configOf, warnIgnored } from '../common/configOf.js';
import { describeParity } from '../common/exportText.js';
import type { DemoResult, RetrainedNetwork } from '../common/jsonOutput.js';
import { nextStep } from '../common/nextStep.js';
import type { RunOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { trainingReporter, wholeReporter } from '../common/reporters.js';
import { ownSources } from '../common/runDirectory.js';
import { createSession, type Session } from '../common/session.js';
import { stoppable } from '../common/signals.js';

/** Random legal networks the winner is compared with. */
const RANDOM_NETWORKS = 5;

export interface DemoOptions extends RunOptions {
  /** A user's own images. */
  data?: string;
}

/** `singlepath demo`: what `singlepath run` does, and random networks to compare with. */
export async function demo(options: DemoOptions): Promise<void> {
  const session = createSession(options);
  const file = join(packageRoot(), 'examples', 'spaces', 'fashion.yaml');
  const base = [
    fileSource(join(packageRoot(), 'configs', 'demo.yaml')),
    objectSource({ space: { file } }, 'singlepath demo'), // wherever it is called from
  ];
  const runDir = options.runDir ?? demoDirectory(options.resume ?? false);
  if (options.resume) base.push(...ownSources(runDir));
  if (options.data !== undefined) base.push(await ownImages(options.data, session));
  const config = configOf(options, { base });
  warnIgnored(session, options, config);
  session.log.info(`everything goes to ${runDir}; it can be stopped, --resume goes on`);
  const result = await stoppable({ saves: 'a checkpoint' }, (signal) =>
    runDemo(config, runDir, session, options.resume ?? false, signal),
  );
  if (options.json) printJson('demo', result);
  else printText(describeDemo(openSpace(config.space), result));
}

async function runDemo(
  config: Config,
  runDir: string,
  session: Session,
  resume: boolean,
  signal: AbortSignal,
): Promise<DemoResult> {
  const onSkipped = (error: Error): void => session.log.warn(error.message);
  const { onBroken } = session;
  const seconds: Record<string, number> = {};
  const reporter = wholeReporter(session, config);
  let [stage, begun]: [string | undefined, number] = [undefined, 0];
  const begin = (next: string | undefined): void => {
    const now = performance.now();
    if (stage !== undefined) seconds[stage] = (now - begun) / 1000;
    [stage, begun] = [next, now];
  };
  const { result: whole, search } = await runAll(config, {
    runDir,
    resume,
    signal,
    onSkipped,
    onNotice: (message) => session.log.info(message),
    onBroken,
    ...reporter.hooks,
    onStage: (name, folder) => {
      begin(name);
      reporter.onStage(name, folder);
    },
  }).finally(reporter.stop);
  begin('random networks');
  const random: RetrainedNetwork[] = [];
  for (const [i, architecture] of randomArchitectures(config, search.winner.architecture).entries()) {
    const name = `random-${i + 1}`;
    const { stop, ...hooks } = trainingReporter(session, name, config.retrain.logEvery);
    const control = { runDir: join(runDir, name), resume, signal, ...hooks, onBroken };
    random.push({ architecture, result: await runRetrain(config, architecture, control).finally(stop) });
  }
  const hitsOf = (name: string) =>
    networkHits(config, readRun(join(runDir, name), 'retrain'), { signal, onSkipped });
  const others: Uint8Array[] = [];
  for (const i of random.keys()) others.push(await hitsOf(`random-${i + 1}`));
  const advantage = pairedAdvantage(await hitsOf('network'), others);
  begin(undefined);
  return {
    train: whole.supernet,
    search,
    winner: { architecture: search.winner.architecture, result: whole.network },
    random,
    advantage,
    export: whole.export,
    seconds,
    runDir,
  };
}

/** The settings that fit the demo to a user's images. */
async function ownImages(path: string, session: Session): Promise<ConfigSource> {
  const kind = detectKind(path);
  const source = { kind, path } as DatasetConfig;
  const train = await stoppable({}, (signal) => inspectDataset(source, 'train', { decode: 0, signal }));
  const settings = fitDemo(kind, path, train);
  session.log.info(`${path}: ${kind}, ${train.classes.length} classes, ${train.images} training images`);
  return objectSource(settings, `--data ${path}`);
}

/** Different legal networks, drawn uniformly by the seed; the winner is not one of them. */
function randomArchitectures(config: Config, winner: Architecture): Architecture[] {
  const space = openSpace(config.space);
  const equivalence = new Equivalence(space);
  const keyOf = (architecture: Architecture) => equivalence.canonical(architecture).join();
  const legal = searchedArchitectures(space, config);
  const random = new RandomStream(config.seed, 'split', 0);
  const taken = new Set([keyOf(winner)]);
  const ranks: bigint[] = [];
  const chosen: Architecture[] = [];
  while (chosen.length < RANDOM_NETWORKS) {
    const architecture = legal.drawExcept(
      random,
      ranks.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    if (architecture === undefined) break; // the constraints leave no more
    ranks.push(legal.rank(architecture)!);
    const key = keyOf(architecture);
    if (!taken.has(key)) chosen.push(architecture);
    taken.add(key);
  }
  return chosen;
}

/** runs/demo, runs/demo-2, …: a new one, or the newest to go on with. */
function demoDirectory(resume: boolean): string {
  const name = (number: number): string => join('runs', number === 1 ? 'demo' : `demo-${number}`);
  let number = 1;
  while (existsSync(name(number))) number++;
  return resume && number > 1 ? name(number - 1) : name(number);
}

/** The closing table of the demo. */
function describeDemo(space: SearchSpace, result: DemoResult): string {
  const { search, winner, random, advantage, seconds, runDir } = result;
  const right = { align: 'right' } as const;
  const row = (name: string, architecture: Architecture, heldOut: number | undefined, test?: number) => {
    const { madds, params } = costOf(space, architecture);
    return [
      name,
      formatArchitecture(space, architecture),
      formatExact(madds),
      formatExact(params),
      heldOut === undefined ? '' : formatPercent(heldOut),
      test === undefined ? '' : formatPercent(test),
    ];
  };
  const rows = [
    row(
      `winner of ${search.method}`,
      winner.architecture,
      search.winner.score.accuracy,
      winner.result.last.accuracy,
    ),
  ];
  const { baseline } = search;
  if (baseline) {
    rows.push(row('best of random search', baseline.winner.architecture, baseline.winner.score.accuracy));
  }
  for (const { architecture, result } of random)
    rows.push(row('random legal', architecture, undefined, result.last.accuracy));
  const table = formatTable(
    [
      { title: '' },
      { title: 'architecture' },
      { title: 'MAdds', ...right },
      { title: 'parameters', ...right },
      { title: 'inherited (held-out)', ...right },
      { title: 'retrained (test)', ...right },
    ],
    rows,
  );
  const { images } = winner.result;
  const total = Object.values(seconds).reduce((sum, value) => sum + value, 0);
  const phases = Object.entries(seconds).map(([name, value]) => `${name} ${formatDuration(value)}`);
  return [
    table,
    '',
    `${search.evaluated} candidates for the search${baseline ? `, ${baseline.evaluated} for the random search` : ''}`,
    describeAdvantage(advantage, random.length, images),
    `export of the winner: ${describeParity(result.export.parity)}`,
    `time: ${formatDuration(total)} (${phases.join(', ')})`,
    `everything is in ${runDir}`,
    nextStep(['report', runDir], 'see it as a page'),
  ].join('\n');
}

function describeAdvantage(
  { difference, error, significant }: Advantage,
  count: number,
  images: number,
): string {
  const points = (value: number) => (100 * value).toFixed(2);
  const compared = `${points(difference)} points over the mean of ${count} random networks of the same budget, standard error ${points(error)} (the same ${images} test images)`;
  return significant
    ? `The search found a better network: ${compared}.`
    : `No gain to be seen: ${compared}, which is less than two standard errors.`;
}
