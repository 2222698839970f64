import { objectSource } from '../../config/sources.js';
import { SinglePathError } from '../../core/errors.js';
import { formatCost, parseConstraint } from '../../cost/constraint.js';
import { type RankResult, runRank } from '../../pipeline/runRank.js';
import { readRun } from '../../pipeline/runs/runs.js';
import { formatTable } from '../../report/table.js';
import { readJson } from '../common/architectures.js';
import { configOf } from '../common/configOf.js';
import type { ConfigOptions, OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { help, together } from '../common/ranks.js';
import { createSession } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { warnUnfinished } from '../common/unfinished.js';

export interface RankCommandOptions extends ConfigOptions, OutputOptions {
  supernet?: string;
  truth: string;
  search?: string;
  sample?: number;
  averageEquivalents?: boolean;
  cap: string[];
  top?: number;
}

/** `singlepath rank` */
export async function rank(options: RankCommandOptions): Promise<void> {
  const { supernet } = options;
  const run = supernet === undefined ? undefined : readRun(supernet, 'train');
  const base = run === undefined ? [] : [objectSource(run.config, `${supernet}/config.yaml`)];
  const config = configOf(options, { base });
  const session = createSession(options);
  if (run !== undefined) warnUnfinished(session, run);
  let progress: ReturnType<typeof session.progress> | undefined;
  const onSkipped = (error: SinglePathError) => session.log.warn(error.message);
  const result = await stoppable({}, (signal) =>
    together(config, session, signal, async (shared) => {
      if (shared.group.rank > 0) {
        // What needs no supernet is computed by rank 0.
        if (supernet !== undefined) await help(config, supernet, session, { ...shared, onSkipped });
        return undefined;
      }
      return await runRank(config, {
        supernet,
        truth: readJson(options.truth),
        search: options.search,
        sample: options.sample,
        averageEquivalents: options.averageEquivalents,
        caps: options.cap.length > 0 ? options.cap.map(maddsLimit) : undefined,
        topK: options.top,
        ...shared,
        onSkipped,
        onCandidates: (done, total) => {
          progress ??= session.progress({ title: 'candidates', total, every: Math.ceil(total / 20) });
          progress.update(done, {});
        },
      });
    }).finally(() => progress?.stop()),
  );
  if (result === undefined) return;
  if (options.json) printJson('rank', result);
  else printText(describe(result));
}

/** Bands and limits are of MAdds, so that all scores are compared on the same networks. */
function maddsLimit(text: string): number {
  const { metric, limit } = parseConstraint(text);
  if (metric === 'madds') return limit;
  throw new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected a limit on madds for --cap but received '${text}'`,
    {
      hint: 'for example --cap madds<=60M',
    },
  );
}

function describe({ space, count, card, bands }: RankResult): string {
  const right = { align: 'right' } as const;
  const digits = (value: number, count = 3) => (Number.isNaN(value) ? '-' : value.toFixed(count));
  const caps = card.rows[0]!.caps;
  const summary = formatTable(
    [
      { title: 'score' },
      { title: 'tau', ...right },
      { title: 'rho', ...right },
      { title: 'tau in bands', ...right },
      ...caps.map(({ limit }) => ({
        title: limit === null ? 'no limit' : `<=${formatCost('madds', limit)}`,
        ...right,
      })),
    ],
    card.rows.map(({ name, kendall, spearman, bandKendall, caps }) => [
      name,
      digits(kendall),
      digits(spearman),
      digits(bandKendall),
      ...caps.map(({ top1, bestOfK }) => `${digits(top1, 2)} / ${digits(bestOfK, 2)}`),
    ]),
  );
  const banded = formatTable(
    [{ title: 'MAdds band' }, { title: 'networks', ...right }, { title: 'tau of the supernet', ...right }],
    bands.map(({ from, to, count: members, kendall }) => [
      `${formatCost('madds', from)} - ${formatCost('madds', to)}`,
      String(members),
      digits(kendall),
    ]),
  );
  const regret = `Under a limit on MAdds: accuracy lost by training the best scored network / the best ${card.k}.`;
  const text = `${space}: ${count} networks\n\n${summary}\n${regret}\n\n${card.verdict}`;
  return bands.length === 0 ? text : `${text}\n\n${banded}`;
}
