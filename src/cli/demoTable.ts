import { costOf } from '../cost/cost.js';
import { formatDuration, formatExact, formatPercent } from '../report/format.js';
import { formatTable } from '../report/table.js';
import { formatArchitecture } from '../space/architecture.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import type { DemoResult } from './actions/demo.js';
import { describeParity } from './common/exportText.js';

/** The closing table of the demo. */
export function describeDemo(space: SearchSpace, result: DemoResult): string {
  const { search, winner, random, seconds, runDir } = result;
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
  rows.push(row('random legal', random.architecture, undefined, random.result.last.accuracy));
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
  // Networks of one space that meet the same constraint are close: what is within the error is no difference.
  const { images, last } = winner.result;
  const { accuracy } = last;
  const error = Math.sqrt((accuracy * (1 - accuracy)) / images);
  const total = Object.values(seconds).reduce((sum, value) => sum + value, 0);
  const phases = Object.entries(seconds).map(([name, value]) => `${name} ${formatDuration(value)}`);
  return [
    table,
    '',
    `${search.evaluated} candidates for the search${baseline ? `, ${baseline.evaluated} for the random search` : ''}`,
    `an accuracy of ${formatPercent(accuracy)} on ${images} images has a standard error of ${formatPercent(error)}`,
    `export of the winner: ${describeParity(result.export.parity)}`,
    `time: ${formatDuration(total)} (${phases.join(', ')})`,
    `everything is in ${runDir}`,
  ].join('\n');
}
