/**
 * Trains networks of the demo's space alone, as the demo retrains its winner (but 4 epochs), and writes `results/truth.json`.
 * `--free 60`: drawn from the whole space; `--legal 60`: from those under the demo's limit. The first seed trains all of them,
 * further ones only the latter again: how far trainings agree bounds what any score can reach.
 */

import { join } from 'node:path';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { kendallTau } from '../../src/search/correlation.js';
import { meanAndError, writeResult } from '../results.js';
import { kept } from '../setting.js';
import { keyOf, networksOf, readSetting } from './setting.js';

const setting = readSetting({ free: '60', legal: '60' });
const networks = networksOf(setting.space, Number(setting.own.free), Number(setting.own.legal));
const legal = Number(setting.own.legal);
const accuracies = networks.map((): number[] => []);
for (const [round, seed] of setting.seeds.entries()) {
  const config = setting.config(seed);
  for (const [i, architecture] of networks.entries()) {
    if (round > 0 && i < networks.length - legal) continue;
    const name = `truth-${seed}-${architecture.join('')}`;
    const { accuracy } = await kept(setting, name, keyOf(config), async () => {
      const runDir = join(setting.runs, name);
      const { last } = await runRetrain(config, architecture, { runDir, resume: true });
      return last;
    });
    accuracies[i]!.push(100 * accuracy);
    const line = `${architecture.join('')} ${(100 * accuracy).toFixed(2)}`;
    console.log(`seed ${seed}, ${i + 1} of ${networks.length}: ${line}`);
  }
}
const columns = setting.seeds.map((_, round) => accuracies.slice(-legal).map((own) => own[round]!));
const agreement = columns.flatMap((a, i) => columns.slice(i + 1).map((b) => kendallTau(a, b)));
if (agreement.length > 0)
  console.log(`tau between two trainings: ${meanAndError(agreement).mean.toFixed(3)}`);
writeResult('fashion', 'truth', {
  agreement,
  networks: networks.map((architecture, i) => ({
    architecture,
    accuracy: meanAndError(accuracies[i]!).mean,
    accuracies: accuracies[i]!,
  })),
});
