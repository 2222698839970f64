import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutAddon } from '../cli/native.js';
import { codes, freePort, type Rank, start } from './ranks.js';

const skip = withoutAddon();
const SOURCE = new URL('../../src/', import.meta.url).href;
const TESTS = new URL('../', import.meta.url).href;
const PRELUDE = `
  import { joinGroup, Supernet } from '${SOURCE}index.js';
  import { addon } from '${SOURCE}runtime/addon.js';
  import { agreeOnGeneration } from '${SOURCE}distributed/handshake.js';`;

/** Two ranks that run a script. */
async function startScripts(script: string, env: Record<string, string> = {}): Promise<Rank[]> {
  const port = String(await freePort());
  return ['0', '1'].map((RANK) =>
    start(process.execPath, ['--input-type=module', '-e', PRELUDE + script], {
      RANK,
      WORLD_SIZE: '2',
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: port,
      OMP_NUM_THREADS: '1',
      ...env,
    }),
  );
}

const within = async <T>(seconds: number, what: Promise<T>): Promise<T | 'late'> =>
  await Promise.race([what, sleep(1000 * seconds, 'late' as const, { ref: false })]);

test('ranks that are about to do different things get an error, and c10d no messages of different sizes', {
  skip,
}, async () => {
  const ranks = await startScripts(`
    const group = await joinGroup();
    await group.connect({});
    const own = group.rank === 1 ? new Uint8Array(100_000) : new Uint8Array(7);
    console.log((await group.broadcast('bytes', own)).length);
    await group.barrier('step of rank ' + group.rank).catch(({ code }) => console.log(code));
    process.exit();`);
  assert.deepEqual(await codes(ranks), [0, 0]);
  for (const { stdout } of ranks) assert.equal(stdout, '7\nRANKS_DIFFER\n');
});

/** Bytes that a process has given to its connections and the other side has not taken. */
function unsent({ child: { pid } }: Rank): number {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((handle) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${handle}`))?.[1];
    } catch {
      return undefined; // closed meanwhile
    }
  });
  const sockets = ['tcp', 'tcp6'].flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').split('\n'));
  const queues = sockets.map((line) => line.trim().split(/\s+/)).filter((row) => inodes.includes(row[9]!));
  return queues.reduce((sum, row) => sum + Number.parseInt(row[4]!, 16), 0); // of "sent:received"
}

// Gloo forgets a message that is half sent when a connection breaks, and would wait for distributed.timeout.
for (const how of ['killed', 'aborted'] as const) {
  test(`a rank that has sent half a message does not wait for the rest of it (${how})`, {
    skip: skip || (existsSync('/proc/net/tcp') ? false : 'no /proc'),
  }, async () => {
    const ranks = await startScripts(`
      const group = await joinGroup();
      await group.connect({});
      const bytes = new Uint8Array(1 << 25);
      process.on('SIGUSR2', () => group.native.abort());
      try {
        for (let i = 0; ; i++) {
          await group.native.broadcast(bytes);
          if (i === 3) console.log('under way');
        }
      } catch ({ code }) {
        console.log(code);
        process.exit();
      }`);
    const [first, second] = ranks as [Rank, Rank];
    for (const rank of ranks) while (!rank.stdout.includes('under way')) await sleep(1);
    for (let pause = 0; unsent(first) < 1e6; pause = (pause + 7) % 50) {
      second.child.kill('SIGCONT');
      await sleep(pause);
      second.child.kill('SIGSTOP');
      await sleep(200);
    }
    if (how === 'killed') second.child.kill('SIGKILL');
    else first.child.kill('SIGUSR2');
    assert.equal(await within(20, first.code), 0, first.stderr);
    assert.match(first.stdout, /RANK_LOST\n$/);
    second.child.kill('SIGKILL');
    await second.code;
  });
}

test('a loss that is not finite on one rank ends the step on all, and changes nothing', {
  skip,
}, async () => {
  const ranks = await startScripts(`
    import { STEP } from '${TESTS}native/setup.js';
    import { twoPathsSpace } from '${TESTS}native/networks.js';
    const group = await joinGroup();
    await group.connect({});
    const network = new Supernet(twoPathsSpace(), { seed: 1 });
    const [{ channels, size }, count] = [network.space.input, 4];
    const images = new Float32Array(count * channels * size * size).fill(group.rank === 1 ? Number.NaN : 0.5);
    const batch = new (addon().Batch)({ images, shape: [count, channels, size, size], labels: [0, 1, 0, 1] });
    const share = { group: group.native, shards: 2, tree: false, step: 0, stop: false };
    const before = JSON.stringify(await network.state());
    const path = network.space.genes.map(() => 0);
    await network.step(batch, path, STEP, share).catch(({ code, message }) => console.log(code, message));
    console.log(JSON.stringify(await network.state()) === before);
    await group.barrier('end');
    process.exit();`);
  assert.deepEqual(await codes(ranks), [0, 0], ranks.map(({ stderr }) => stderr).join('\n'));
  assert.equal(ranks[0]!.stdout, 'NON_FINITE_LOSS Expected a finite loss but that of rank 1 is not\ntrue\n');
  assert.match(ranks[1]!.stdout, /^NON_FINITE_LOSS Expected a finite loss but received -?nan\ntrue\n$/);
});

test('a rank that is lost before it has connected is noticed after distributed.connectTimeout', {
  skip,
}, async () => {
  const ranks = await startScripts(`
    const group = await joinGroup({ connectTimeout: 2 });
    if (group.rank === 1) {
      const keys = await agreeOnGeneration(group.store, group.place, { seconds: 2 });
      await keys.set('identity/1', {});
      await keys.set('address/1', '127.0.0.1');
      console.log('gone');
      process.exit();
    }
    await group.connect({}).catch(({ code, message }) => console.log(code, message));
    process.exit();`);
  assert.deepEqual(await within(20, codes(ranks)), [0, 0]);
  assert.equal(ranks[1]!.stdout, 'gone\n');
  assert.match(ranks[0]!.stdout, /^RANK_LOST Expected all ranks to connect within 2\.0 s/);
});
