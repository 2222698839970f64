import { expected } from '../core/errors.js';
import { meanOf } from '../core/statistics.js';
import { kendallTau, spearmanRho } from '../search/correlation.js';
import type { TableAccuracy } from './table.js';

/** How well predictions hit measured times, both in the same unit. */
export function accuracyOf(predicted: readonly number[], measured: readonly number[]): TableAccuracy {
  if (measured.length < 2)
    throw expected('at least two networks', 'the accuracy of a table', measured.length);
  const errors = measured.map((time, i) => (100 * (predicted[i]! - time)) / time);
  const within = (percent: number) =>
    100 * meanOf(errors.map((error) => (Math.abs(error) <= percent ? 1 : 0)));
  return {
    networks: measured.length,
    mape: meanOf(errors.map(Math.abs)),
    rmse: Math.sqrt(meanOf(errors.map((error) => error ** 2))),
    bias: meanOf(errors),
    within5: within(5),
    within10: within(10),
    kendall: nullWhereNaN(kendallTau(predicted, measured)),
    spearman: nullWhereNaN(spearmanRho(predicted, measured)),
  };
}

const nullWhereNaN = (value: number): number | null => (Number.isNaN(value) ? null : value);
