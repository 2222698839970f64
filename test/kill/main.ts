/*
 * A long kill campaign: `npm run kill -- --minutes 30 [--seed 1]`. Every work is run, killed and resumed with one seed
 * after the other until the time is over. A difference ends it with the seed that shows it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryFolder } from '../temporaryFolder.js';
import { killedAndResumed } from './campaign.js';
import { commandWorks, FAKE_WORKS } from './works.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const root = temporaryFolder();
const works = { ...FAKE_WORKS, ...(await commandWorks(join(root, 'start'))) };
const end = Date.now() + 60_000 * Number(values.minutes);
let [runs, kills] = [0, 0];
for (let seed = Number(values.seed); Date.now() < end; seed++) {
  for (const [name, work] of Object.entries(works)) {
    const folder = join(root, name.replaceAll(' ', '-'));
    kills += await killedAndResumed(work, { root: folder, seed, kills: 6 });
    rmSync(folder, { recursive: true });
    runs++;
  }
  console.log(`seed ${seed}: ${runs} runs, ${kills} kills, no difference`);
}
