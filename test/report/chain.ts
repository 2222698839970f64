import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { runAll } from '../../src/pipeline/runAll.js';
import { runRetrain } from '../../src/pipeline/runRetrain.js';
import { writeTiny } from '../cli/tiny.js';

/** Runs of the tiny space, as `singlepath demo` leaves them, in some seconds: `supernet`, `search`, `network`, `random`. */
export async function writeChain(folder: string): Promise<void> {
  const settings = `${folder}-settings`;
  mkdirSync(settings, { recursive: true });
  const config = loadConfig({
    files: [writeTiny(settings).config],
    set: ['search.baseline=true', 'search.constraints=["madds<=60K"]', 'search.generations=1'],
  });
  const { search } = await runAll(config, { runDir: folder, onSkipped: () => {} });
  const other = search.winner.architecture.map((gene, i) => (i === 0 ? 1 - gene : gene));
  await runRetrain(config, other, { runDir: join(folder, 'random') });
}
