/**
 * Table 1: how supernets rank, beside everything that needs no training; with `--baselines`, only the latter. Trains what is
 * not there yet, resumes what was stopped.
 */

import { runRank } from '../../src/pipeline/runRank.js';
import type { RankingRow } from '../../src/search/rankingCard.js';
import { meanAndError, readSetting, supernetOf, writeResult } from './setting.js';

const CAPS = [50e6, 60e6, 70e6, 80e6];

const baselines = process.argv.indexOf('--baselines');
if (baselines !== -1) process.argv.splice(baselines, 1);
const setting = readSetting();
const cards: { seed: number; count: number; rows: RankingRow[]; verdict: string }[] = [];
for (const seed of setting.seeds) {
  const supernet = baselines === -1 ? await supernetOf(setting, seed) : undefined;
  const { card, count } = await runRank(setting.config(seed), {
    ...{ supernet, truth: setting.truth, sample: setting.sample, caps: CAPS },
    onSkipped: (error) => console.error(error.message),
  });
  console.log(`seed ${seed}, ${count} networks: ${card.verdict}`);
  cards.push({ seed, count, rows: card.rows, verdict: card.verdict });
}
const summary = cards[0]!.rows.map(({ name }, row) => ({
  name,
  kendall: meanAndError(cards.map(({ rows }) => rows[row]!.kendall)),
  bandKendall: meanAndError(cards.map(({ rows }) => rows[row]!.bandKendall)),
}));
console.table(
  summary.map(({ name, kendall, bandKendall }) => ({
    name,
    tau: kendall.mean.toFixed(3),
    'in bands': bandKendall.mean.toFixed(3),
  })),
);
writeResult(baselines === -1 ? 'ranking' : 'baselines', { summary, cards });
