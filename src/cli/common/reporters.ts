import type { Config } from '../../config/schema/config.js';
import type { SinglePathError } from '../../core/errors.js';
import { STAGES, type Stage } from '../../pipeline/runAll.js';
import type { FinalistsBudget } from '../../pipeline/search/finalists.js';
import { describeSchedule, type Start } from '../../pipeline/training/warmStart.js';
import { formatBytes, formatExact, formatPercent } from '../../report/format.js';
import { Throughput, WaitingShare } from '../../report/progress.js';
import type { GenerationSummary } from '../../search/result.js';
import type { TrainingProgress } from '../../train/loop.js';
import type { Recipe } from '../../train/recipe.js';
import type { Stalled } from '../../train/stalled.js';
import type { Session } from './session.js';

/** Shows a training: mean loss, images per second, time left. */
export function trainingReporter(session: Session, title: string, every: number) {
  let progress: ReturnType<Session['progress']> | undefined;
  let loss: number | undefined;
  const throughput = new Throughput();
  const waiting = new WaitingShare();
  return {
    onProgress({ step, steps, loss: present, images, waited }: TrainingProgress): void {
      progress ??= session.progress({ title, total: steps, every });
      // A running mean: the loss jumps from path to path.
      loss = loss === undefined ? present : 0.98 * loss + 0.02 * present;
      const speed = throughput.add(images);
      const shown = speed === undefined ? '?' : String(Math.round(speed));
      const share = waiting.add(waited);
      progress.update(step, {
        loss: loss.toFixed(3),
        'images/s': shown,
        ...(share !== undefined && { waiting: `${Math.round(100 * share)}%` }),
        memory: formatBytes(process.memoryUsage.rss()).replace(' ', ''),
      });
    },
    onStalled({ steps, loss: mean, chance, learningRate, warmupSteps }: Stalled): void {
      session.log.warn(
        `nothing is learned yet: the loss after ${steps} steps is ${mean.toFixed(3)}, that of guessing (${chance.toFixed(3)}); ` +
          `a lower learningRate than ${learningRate}, a ${warmupSteps > 0 ? 'longer ' : ''}warm-up or a larger batch may help`,
      );
    },
    stop: (): void => progress?.stop(),
  };
}

/** Says which weights a training begins with, and of damaged checkpoints. */
export function startReporter({ log }: Session) {
  return {
    onWarmStart: ({ path, fresh = [], inherited }: Start, recipe: Recipe): void => {
      log.info(
        `begins with the weights ${inherited ? 'that it inherits from the supernet in' : 'of'} '${path}'${newParts(fresh)}; the optimizer begins anew, and so does the learning rate: ${describeSchedule(recipe)}`,
      );
    },
    onSkipped: (error: SinglePathError): void => log.warn(error.message),
  };
}

/** `, but fc.weight and fc.bias, which are new (another number of classes)` */
function newParts(fresh: readonly string[]): string {
  return fresh.length === 0 ? '' : `, but ${fresh.join(' and ')}, which are new (another number of classes)`;
}

/** Shows a search: a bar per generation, a line with its best and median, and the networks that are trained. */
export function searchReporter(session: Session, generations: number) {
  const { log } = session;
  let progress: ReturnType<Session['progress']> | undefined;
  const stop = (): void => {
    progress?.stop();
    progress = undefined;
  };
  /** Finalists that are measured as whole networks. */
  const onMeasured = ({ done, total }: { done: number; total: number }): void => {
    progress ??= session.progress({ title: 'measuring finalists', total, every: 10 });
    progress.update(done, {});
  };
  const hooks = {
    onCandidates(done: number, total: number): void {
      progress ??= session.progress({ title: 'candidates', total });
      progress.update(done, {});
    },
    onGeneration({ phase, generation, best, median, evaluated }: GenerationSummary): void {
      stop();
      log.info(
        {
          best: formatPercent(best),
          ...(median !== null && { median: formatPercent(median) }),
          evaluated,
        },
        `${phase === 'baseline' ? 'random search' : 'search'}: generation ${generation}/${generations}`,
      );
    },
    onFinalists: (budget: FinalistsBudget): void => log.info(describeBudget(budget)),
    onTrial(phase: string, done: number, total: number): void {
      stop();
      log.info(`${phase}: ${done} of ${total} networks trained`);
    },
    onWarning: (message: string): void => log.warn(message),
    latency: { onNote: (text: string): void => log.warn(text), onProgress: onMeasured },
  };
  return { hooks, stop };
}

function describeBudget({ rungs, imagePasses }: FinalistsBudget): string {
  const plan = rungs.map(({ networks, epochs }) => `${networks} for ${epochs} epochs`).join(', then ');
  return `finalists: ${plan}; ${formatExact(imagePasses)} images forward and backward`;
}

/** Shows all stages of {@link runAll}, one after another. */
export function wholeReporter(session: Session, { train, search, retrain }: Config) {
  const { stop: stopSupernet, ...supernet } = trainingReporter(session, 'supernet', train.logEvery);
  const searching = searchReporter(session, search.generations);
  const { stop: stopNetwork, ...network } = trainingReporter(session, 'network', retrain.logEvery);
  const stop = (): void => {
    for (const stopOne of [stopSupernet, searching.stop, stopNetwork]) stopOne();
  };
  return {
    hooks: { supernet, search: searching.hooks, network },
    onStage(stage: Stage, folder: string): void {
      stop();
      session.log.info(`stage ${STAGES.indexOf(stage) + 1} of ${STAGES.length}: ${stage}, in ${folder}`);
    },
    stop,
  };
}
