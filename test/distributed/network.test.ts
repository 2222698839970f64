import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutAddon } from '../cli/native.js';
import { MAIN } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { codes, printed, start } from './ranks.js';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'ignore' });

function withoutNamespaces(): string | false {
  try {
    ip('netns', 'add', 'singlepath-ranks-probe');
    ip('netns', 'delete', 'singlepath-ranks-probe');
    return false;
  } catch {
    return 'ip netns does not work here (it needs root)';
  }
}
const skip = withoutAddon() || withoutNamespaces();

/** Two machines with a cable between them. Each has its own /etc/hosts. */
function machines(name: string, hosts: readonly [string, string]) {
  const spaces = [`singlepath-${name}-a`, `singlepath-${name}-b`] as const;
  for (const [index, space] of spaces.entries()) {
    ip('netns', 'add', space);
    mkdirSync(join('/etc/netns', space), { recursive: true });
    writeFileSync(join('/etc/netns', space, 'hosts'), `127.0.0.1 localhost\n${hosts[index]}\n`);
  }
  ip('link', 'add', 'cable', 'netns', spaces[0], 'type', 'veth', 'peer', 'name', 'cable', 'netns', spaces[1]);
  for (const [index, space] of spaces.entries()) {
    ip('-n', space, 'addr', 'add', `10.77.0.${index + 1}/24`, 'dev', 'cable');
    for (const device of ['lo', 'cable']) ip('-n', space, 'link', 'set', device, 'up');
  }
  return {
    start: (args: readonly string[]) =>
      spaces.map((space, rank) =>
        start('ip', ['netns', 'exec', space, process.execPath, MAIN, ...args], {
          RANK: String(rank),
          WORLD_SIZE: '2',
          MASTER_ADDR: 'first',
          MASTER_PORT: '29500',
          OMP_NUM_THREADS: '1',
        }),
      ),
    pull: () => ip('-n', spaces[1], 'link', 'set', 'cable', 'down'),
    [Symbol.dispose]: () => {
      for (const space of spaces) {
        ip('netns', 'delete', space);
        rmSync(join('/etc/netns', space), { recursive: true, force: true });
      }
    },
  };
}

test('two machines work together, though the first knows its own name as 127.0.1.1; a pulled cable ends both', {
  skip,
}, async () => {
  const root = temporaryFolder();
  const { config } = writeTiny(join(root, 'tiny'));
  const set = (...settings: string[]) => settings.flatMap((setting) => ['--set', setting]);
  using two = machines('ranks', ['127.0.1.1 first', '10.77.0.1 first']);
  const settings = set('train.steps=1000000', 'train.logEvery=5', 'distributed.timeout=2');
  const ranks = two.start(['train', '-c', config, ...settings, '-d', join(root, 'run')]);
  await printed(ranks[0]!, /supernet \d+\//);
  two.pull();
  assert.deepEqual(await codes(ranks), [5, 5]);
  for (const [rank, { stderr }] of ranks.entries()) {
    assert.match(stderr, new RegExp(`error: rank ${rank} of 2, step \\d+: .*did not answer for 2\\.0 s`));
  }
});
