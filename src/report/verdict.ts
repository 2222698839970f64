import { formatConstraint, formatCost } from '../cost/constraint.js';
import type { NetworkFacts, ReportFacts, SearchFacts, SubjectFacts } from './facts.js';
import { formatExact, formatPercent } from './format.js';
import { metricTitle } from './plots.js';

/** What a reader wants to know first. */
export interface Statement {
  tone: 'good' | 'bad' | 'neutral';
  text: string;
  /** How it was measured, and how sure it is. */
  detail: string;
}

/** Standard error of an accuracy over so many images, as if each were a coin of that probability. */
export function standardError(accuracy: number, images: number): number {
  return images === 0 ? Number.NaN : Math.sqrt(Math.max(0, accuracy * (1 - accuracy)) / images);
}

/** The findings of a report, most important first. */
export function verdictOf(facts: ReportFacts): Statement[] {
  const { search, networks, subject, runs } = facts;
  const unfinished = runs.filter(({ status }) => status !== 'finished');
  return [
    ...accuracyOf(networks),
    ...comparison(networks),
    ...(search === undefined ? [] : [...againstRandom(search), ...limits(search, subject)]),
    ...(search?.note === undefined
      ? []
      : search.note
          .split('\n')
          .map((text): Statement => ({ tone: 'neutral', text, detail: 'noted by the search' }))),
    ...unfinished.map(
      ({ name, kind, status, step, steps }): Statement => ({
        tone: status === 'running' ? 'neutral' : 'bad',
        text: `${name} is not finished: ${status}`,
        detail: `${kind}, ${step} of ${steps ?? '?'} ${kind === 'search' ? 'generations' : 'steps'}`,
      }),
    ),
  ];
}

const points = (difference: number): string => `${(100 * difference).toFixed(2)} points`;

function accuracyOf(networks: readonly NetworkFacts[]): Statement[] {
  const [first] = networks;
  if (first?.last === undefined) return [];
  const { accuracy, top5 } = first.last;
  const error = points(standardError(accuracy, first.images));
  return [
    {
      tone: 'neutral',
      text: `${first.found ? 'The network that was found' : first.run.name} reaches ${formatPercent(accuracy)} on ${formatExact(first.images)} test images`,
      detail: `standard error ${error}; top-5 ${formatPercent(top5)}; weights after the last step`,
    },
  ];
}

/** The network that was found against other networks that were trained in the same way, all from scratch. */
function comparison([first, ...rest]: readonly NetworkFacts[]): Statement[] {
  if (!first?.found || first.last === undefined || first.recipe === undefined) return [];
  const others = rest.filter(
    ({ found, last, images, recipe }) =>
      !found && last !== undefined && images === first.images && recipe === first.recipe,
  );
  if (others.length === 0) return [];
  const { accuracy } = first.last;
  const mean = others.reduce((sum, { last }) => sum + last!.accuracy, 0) / others.length;
  const difference = accuracy - mean;
  // As if all networks saw different images: they see the same ones and err on the same ones, so this is an upper bound.
  const error = Math.hypot(
    standardError(accuracy, first.images),
    standardError(mean, first.images) / Math.sqrt(others.length),
  );
  const sure = Math.abs(difference) > 2 * error;
  return [
    {
      tone: !sure ? 'neutral' : difference > 0 ? 'good' : 'bad',
      text:
        `${points(Math.abs(difference))} ${difference >= 0 ? 'better' : 'worse'} than the mean of ${others.length} other ` +
        `network${others.length === 1 ? '' : 's'} trained from scratch${sure ? '' : ': no difference to be seen'}`,
      detail: `their mean is ${formatPercent(mean)}; standard error at most ${points(error)} (over images, not over trainings)`,
    },
  ];
}

/** The winner against that of a random search with the same number of evaluations, by their scored accuracies. */
function againstRandom({ winner, baseline, heldOut }: SearchFacts): Statement[] {
  if (winner === undefined || baseline === undefined) return [];
  const [own, random] = [winner.score.accuracy, baseline.score.accuracy];
  const difference = own - random;
  const error = Math.hypot(standardError(own, heldOut), standardError(random, heldOut));
  const sure = Math.abs(difference) > 2 * error;
  return [
    {
      tone: !sure ? 'neutral' : difference > 0 ? 'good' : 'bad',
      text:
        difference === 0
          ? 'The winner of the search is as good as that of a random search of the same cost'
          : `The winner of the search is ${points(Math.abs(difference))} ${difference > 0 ? 'better' : 'worse'} than that of a random search of the same cost${sure ? '' : ': no difference to be seen'}`,
      detail:
        `${formatPercent(own)} against ${formatPercent(random)} with inherited weights on ${formatExact(heldOut)} held-out images, ` +
        `standard error at most ${points(error)}; both were chosen among many, so a little too good`,
    },
  ];
}

/** Whether the network of the report keeps to what was asked of the search, once that has ended. */
function limits({ constraints, winner }: SearchFacts, subject: SubjectFacts | undefined): Statement[] {
  if (winner === undefined || subject === undefined) return [];
  const own = winner.architecture.join() === subject.architecture.join();
  const other: Statement = {
    tone: 'neutral',
    text: `The search found another network, ${winner.architecture.join()}, which is not among these runs`,
    detail: 'it is the one that retrain --search trains',
  };
  const held = constraints.flatMap(({ metric, limit }): Statement[] => {
    const whole = own ? winner.measured?.[metric] : undefined;
    const cost = whole ?? subject.costs[metric];
    if (cost === undefined) return [];
    const measured = whole === undefined ? '' : ', measured as a whole network';
    const met = cost <= limit;
    return [
      {
        tone: met ? 'good' : 'bad',
        text: `${formatConstraint({ metric, limit })} ${met ? 'holds' : 'is broken'}: ${formatCost(metric, cost)} ${metric.startsWith('latency') ? '' : metricTitle(metric)}`.trimEnd(),
        detail: `${((100 * cost) / limit).toFixed(1)} % of the limit${measured}`,
      },
    ];
  });
  return own ? held : [other, ...held];
}
