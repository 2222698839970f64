import { objectSource } from '../../config/sources.js';
import { formatCost } from '../../cost/constraint.js';
import { type RankResult, runRank } from '../../pipeline/runRank.js';
import { readRun } from '../../pipeline/runs.js';
import { formatTable } from '../../report/table.js';
import { readJson } from '../common/architectures.js';
import { configOf } from '../common/configOf.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';

export interface RankCommandOptions extends ConfigOptions, OutputOptions {
  supernet: string;
  truth: string;
  sample?: number;
}

/** `singlepath rank` */
export async function rank(options: RankCommandOptions): Promise<void> {
  const run = readRun(options.supernet, 'train');
  const config = configOf(options, { base: [objectSource(run.config, `${options.supernet}/config.yaml`)] });
  const session = createSession(options);
  let progress: ReturnType<typeof session.progress> | undefined;
  const result = await stoppable({}, (signal) =>
    runRank(config, {
      supernet: options.supernet,
      truth: readJson(options.truth),
      sample: options.sample,
      signal,
      onSkipped: (error) => session.log.warn(error.message),
      onCandidates: (done, total) => {
        progress ??= session.progress({ title: 'candidates', total, every: Math.ceil(total / 20) });
        progress.update(done, {});
      },
    }).finally(() => progress?.stop()),
  );
  if (options.json) printJson('rank', result);
  else printText(describe(result));
}

function describe({ space, count, scores, madds }: RankResult): string {
  const right = { align: 'right' } as const;
  const both = (name: string, pick: (report: RankResult['scores']) => number): string[] => [
    name,
    pick(scores).toFixed(3),
    pick(madds).toFixed(3),
  ];
  const summary = formatTable(
    [{ title: '' }, { title: 'supernet', ...right }, { title: 'MAdds alone', ...right }],
    [
      both('Kendall tau', (report) => report.kendall),
      both('Spearman rho', (report) => report.spearman),
      both('mean tau in MAdds bands', (report) => report.bandKendall),
      ...scores.regret.map(({ k }, i) =>
        both(`regret of the best ${k}`, (report) => report.regret[i]!.regret),
      ),
      ...scores.precision.map(({ k }, i) =>
        both(`share of the true best ${k}`, (report) => report.precision[i]!.precision),
      ),
    ],
  );
  const bands = formatTable(
    [{ title: 'MAdds band' }, { title: 'networks', ...right }, { title: 'tau', ...right }],
    scores.bands.map(({ from, to, count: members, kendall }) => [
      `${formatCost('madds', from)} - ${formatCost('madds', to)}`,
      String(members),
      kendall.toFixed(3),
    ]),
  );
  return `${space}: ${count} networks\n\n${summary}\n\n${bands}`;
}
