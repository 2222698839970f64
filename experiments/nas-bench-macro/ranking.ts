/**
 * Table 1: how supernets rank, beside everything that needs no training; with `--supernet no`, only the latter. Trains what is
 * not there yet, resumes what was stopped.
 */

import type { RankingRow } from '../../src/search/rankingCard.js';
import { meanAndError, writeResult } from '../results.js';
import { supernetOf } from '../setting.js';
import { cardOf, rankOf, readSetting } from './setting.js';

const setting = readSetting({ supernet: 'yes' });
const baselines = setting.own.supernet === 'no';
const cards: { seed: number; count: number; rows: RankingRow[]; verdict: string }[] = [];
for (const seed of setting.seeds) {
  const supernet = baselines ? undefined : await supernetOf(setting, seed);
  const networks = await rankOf(setting, seed, supernet);
  const card = cardOf(networks);
  const count = networks.length;
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
writeResult('nas-bench-macro', baselines ? 'baselines' : 'ranking', { summary, cards });
