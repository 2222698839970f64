// Fuzzing for longer than the tests do: `npm run fuzz -- --minutes 10 [--seed 7] [--target space]`. Rounds of new seeds go
// through everything that reads files or text, first in TypeScript and the addon (test/fuzz), then through the native
// readers under the address sanitizer (test/native/fuzz.test.ts). A fault names the seed and the number of its input.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const minutes = Number(values.minutes);
const firstSeed = Number(values.seed);
if (values.help || !(minutes > 0) || !Number.isSafeInteger(firstSeed) || firstSeed < 0) {
  console.error('usage: npm run fuzz -- [--minutes 1] [--seed 1] [--target NAME]');
  process.exit(values.help ? 0 : 2);
}

process.chdir(root);
const { targets } = await import('../dist/test/fuzz/targets.js');
const names = values.target === undefined ? Object.keys(targets) : [values.target];
if (names.some((name) => !(name in targets))) {
  console.error(`no target '${values.target}'; there are ${Object.keys(targets).join(', ')}`);
  process.exit(2);
}

const end = Date.now() + minutes * 60_000;
let faults = 0;
for (let seed = firstSeed; Date.now() < end && faults === 0; seed++) {
  for (const name of names) {
    if (Date.now() >= end) break;
    // A process of its own: a crash then is a fault like any other, and it names the input before it dies.
    const code = `
      const { campaign } = await import('./dist/test/fuzz/campaign.js');
      const { targets } = await import('./dist/test/fuzz/targets.js');
      const counts = await campaign('${name}', targets['${name}'], { count: 1000, seed: ${seed}, verbose: true });
      console.log('${name}: seed ${seed}, ' + counts.read + ' read, ' + counts.refused + ' refused');`;
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      env: { OMP_NUM_THREADS: '1', ...process.env },
    });
    process.stdout.write(child.stdout);
    if (child.status === 0) continue;
    faults++;
    console.error(child.stderr.split('\n').slice(-40).join('\n'));
    if (child.signal !== null) console.error(`${name}: ended by ${child.signal} at the input named last`);
  }
  if (values.target !== undefined || faults > 0 || Date.now() >= end) continue;
  const env = { ...process.env, SINGLEPATH_FUZZ: '20000', SINGLEPATH_FUZZ_SEED: String(seed) };
  const readers = spawnSync(process.execPath, ['scripts/run-tests.mjs', 'native/fuzz'], {
    env,
    stdio: 'inherit',
  });
  if (readers.status !== 0) faults++;
}
console.error(faults === 0 ? 'no faults' : 'a fault: see above');
process.exit(faults === 0 ? 0 : 1);
