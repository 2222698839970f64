import type { SinglePathError } from '../../core/errors.js';
import type { GenerationSummary } from '../../evaluate/searchPhases.js';
import { describeSchedule, type Start } from '../../pipeline/warmStart.js';
import { formatPercent } from '../../report/format.js';
import { Throughput } from '../../report/progress.js';
import type { TrainingProgress } from '../../train/loop.js';
import type { Recipe } from '../../train/recipe.js';
import type { Stalled } from '../../train/stalled.js';
import type { Session } from './session.js';

/** Shows a training: mean loss, images per second, time left. */
export function trainingReporter(session: Session, title: string, every: number) {
  let progress: ReturnType<Session['progress']> | undefined;
  let loss: number | undefined;
  let rate = 0;
  const throughput = new Throughput();
  return {
    onProgress({ step, steps, loss: present, images, learningRate }: TrainingProgress): void {
      rate = learningRate;
      progress ??= session.progress({ title, total: steps, every });
      // A running mean: the loss jumps from path to path.
      loss = loss === undefined ? present : 0.98 * loss + 0.02 * present;
      const speed = throughput.add(images);
      const shown = speed === undefined ? '?' : String(Math.round(speed));
      progress.update(step, { loss: loss.toFixed(3), 'images/s': shown });
    },
    onStalled({ steps, loss: mean, chance }: Stalled): void {
      session.log.warn(
        `nothing is learned yet: the loss after ${steps} steps is ${mean.toFixed(3)}, that of guessing (${chance.toFixed(3)}); ` +
          `a lower learningRate than ${Number(rate.toPrecision(3))}, a warm-up or a larger batch may help`,
      );
    },
    stop: (): void => progress?.stop(),
  };
}

/** Says which weights a training begins with, and of damaged checkpoints. */
export function startReporter({ log }: Session) {
  return {
    onWarmStart: ({ path }: Start, recipe: Recipe): void => {
      log.info(
        `begins with the weights of '${path}'; the optimizer begins anew, and so does the learning rate: ${describeSchedule(recipe)}`,
      );
    },
    onSkipped: (error: SinglePathError): void => log.warn(error.message),
  };
}

/** Shows a search: a bar per generation, and a line with its best and median. */
export function searchReporter(session: Session, generations: number) {
  let progress: ReturnType<Session['progress']> | undefined;
  const stop = (): void => {
    progress?.stop();
    progress = undefined;
  };
  return {
    onCandidates(done: number, total: number): void {
      progress ??= session.progress({ title: 'candidates', total });
      progress.update(done, {});
    },
    onGeneration({ phase, generation, best, median, evaluated }: GenerationSummary): void {
      stop();
      session.log.info(
        {
          best: formatPercent(best),
          ...(median !== null && { median: formatPercent(median) }),
          evaluated,
        },
        `${phase === 'baseline' ? 'random search' : 'search'}: generation ${generation}/${generations}`,
      );
    },
    /** Finalists that are measured as whole networks. */
    onMeasured({ done, total }: { done: number; total: number }): void {
      progress ??= session.progress({ title: 'measuring finalists', total, every: 10 });
      progress.update(done, {});
    },
    stop,
  };
}
