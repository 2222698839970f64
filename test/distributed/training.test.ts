import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutAddon } from '../cli/native.js';
import { MAIN, singlepath } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { pictures, writeFiles } from '../data/pictures.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { codes, printed, type StartOptions, start, startRanks } from './ranks.js';

const skip = withoutAddon();
const root = temporaryFolder();
const { config } = writeTiny(join(root, 'tiny'));
const set = (...settings: string[]) => settings.flatMap((setting) => ['--set', setting]);
const SHORT = ['train', '-c', config, '--json', ...set('train.steps=12', 'train.checkpointEvery=50')];
/** Ends by a signal alone. */
const ENDLESS = ['train', '-c', config, ...set('train.steps=1000000', 'train.logEvery=5')];

/** Colour images of a folder, decoded anew for each step. */
const FOLDER = set(
  'data.kind=image-folder',
  'data.heldOut=0',
  'data.normalize=half',
  'data.trainImages=null',
);

const weights = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')).weights;

async function trained(worldSize: number, args: readonly string[], name: string): Promise<string> {
  const runDir = join(root, name);
  const ranks = await startRanks(worldSize, [...args, '-d', runDir]);
  assert.deepEqual(await codes(ranks), Array(worldSize).fill(0), ranks.map((rank) => rank.stderr).join('\n'));
  for (const { stdout } of ranks.slice(1)) assert.equal(stdout, '', 'rank 0 alone prints the result');
  assert.equal(JSON.parse(ranks[0]!.stdout).weights, weights(runDir));
  return weights(runDir);
}

async function alone(args: readonly string[], name: string): Promise<string> {
  const runDir = join(root, name);
  const { code, stderr } = await singlepath([...args, '-d', runDir]);
  assert.equal(code, 0, stderr);
  return weights(runDir);
}

test('a group of one is no group; two ranks repeat, and equal one process with two shards', {
  skip,
}, async () => {
  assert.equal(await trained(1, SHORT, 'one'), await alone(SHORT, 'none'));
  const shards = set('distributed.reproducible=true', 'distributed.shards=2');
  const two = await trained(2, SHORT, 'two');
  assert.equal(await trained(2, SHORT, 'two again'), two);
  assert.equal(await alone([...SHORT, ...shards], 'two shards'), two);
});

test('distributed.reproducible gives the same weights for 1, 2 and 4 ranks, with clipping and accumulation, in a space of widths', {
  skip,
}, async () => {
  const settings = set('distributed.reproducible=true', 'distributed.shards=4');
  const more = set('train.clipGradientNorm=0.5', 'train.accumulate=2', 'data.mixup=0.2', 'train.steps=5');
  // Blocks, widths and bits.
  const space = set(`space.file=${resolve('examples/spaces/small-mixed.yaml')}`);
  const args = [...SHORT, ...settings, ...more, ...space];
  const one = await alone(args, 'tree of one');
  assert.equal(await trained(2, args, 'tree of two'), one);
  assert.equal(await trained(4, args, 'tree of four'), one);
});

test('retrain works with several ranks, too', { skip }, async () => {
  const settings = set('distributed.reproducible=true', 'distributed.shards=2');
  const args = ['retrain', '-c', config, '--json', '--arch', '0,1', ...settings];
  assert.equal(await trained(2, args, 'retrained'), await alone(args, 'retrained alone'));
});

test('Ctrl-C at one rank stops all after the same step, with one checkpoint; resumed, the result is the same', {
  skip,
}, async () => {
  const args = [...ENDLESS, '-d', join(root, 'stopped')];
  const ranks = await startRanks(2, args);
  await printed(ranks[0]!, /supernet \d\d+\//);
  ranks[1]!.child.kill('SIGINT');
  assert.deepEqual(await codes(ranks), [130, 130]);
  const step = /Stopped after step (\d+) of/.exec(ranks[0]!.stderr)?.[1];
  assert.match(ranks[1]!.stderr, new RegExp(`\\[rank 1\\] error: Stopped after step ${step} of`));
  const checkpoints = readdirSync(join(root, 'stopped', 'checkpoints')).filter((name) =>
    name.startsWith('step'),
  );
  assert.equal(Number(checkpoints.sort().at(-1)!.slice(5)), Number(step));
  const { state } = JSON.parse(
    readFileSync(join(root, 'stopped', 'checkpoints', checkpoints.at(-1)!, 'state.json'), 'utf8'),
  );
  assert.deepEqual(state.group, { ranks: 2, shards: 2 });

  // Another number of processes may go on, which is said.
  const other = start(process.execPath, [MAIN, ...args, '--resume']);
  await printed(other, /goes on with 1 process instead of 2: the result is not, bit for bit/);
  other.child.kill('SIGKILL');
  await other.code;
});

test('a training of two ranks that is stopped and resumed ends with the same weights', { skip }, async () => {
  const args = [...SHORT, ...set('train.steps=150')];
  const whole = await trained(2, args, 'whole');
  const runDir = join(root, 'in parts');
  const first = await startRanks(2, [...args, '-d', runDir]);
  await printed(first[0]!, /supernet \d+\//);
  first[0]!.child.kill('SIGTERM');
  assert.deepEqual(await codes(first), [143, 130]);
  assert.equal(await trained(2, [...args, '--resume'], 'in parts'), whole);
});

test('ranks without a common run directory go on with the mean and deviation that rank 0 has noted', {
  skip,
}, async () => {
  const images = join(root, 'one set');
  writeFiles(images, pictures('', ['a', 'b'], 30, 28));
  const settings = ['normalize=auto', `path=${images}`, 'testFraction=0.25'].map((one) => `data.${one}`);
  const args = [...SHORT, ...FOLDER, ...set(...settings, 'train.steps=150')];
  const folderOf = (rank: number) => join(root, `folder of ${rank}`);
  const argsOf = (rank: number) => ['-d', folderOf(rank)];
  const first = await startRanks(2, args, { argsOf });
  await printed(first[0]!, /supernet \d+\//);
  first[0]!.child.kill('SIGTERM');
  assert.deepEqual(await codes(first), [143, 130], first.map((rank) => rank.stderr).join('\n'));
  const record = join(folderOf(0), 'images.json');
  const normalization = { mean: [0.4], std: [0.3] }; // as a version that took other images noted it
  writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), normalization }));
  const again = await startRanks(2, [...args, '--resume'], { argsOf });
  assert.deepEqual(await codes(again), [0, 0], again.map((rank) => rank.stderr).join('\n'));
  assert.deepEqual(JSON.parse(readFileSync(record, 'utf8')).normalization, normalization);
  assert.ok(!existsSync(join(folderOf(1), 'images.json')));
});

test('a killed rank is noticed at once: the others say which rank and step, and end with 5', {
  skip,
}, async () => {
  for (const victim of [2, 0]) {
    const ranks = await startRanks(3, [
      ...ENDLESS,
      ...set('train.batchSize=18'),
      '-d',
      join(root, `killed ${victim}`),
    ]);
    await printed(ranks[0]!, /supernet \d\d+\//);
    ranks[victim]!.child.kill('SIGKILL');
    const ended = await codes(ranks);
    for (const [rank, { stderr }] of ranks.entries()) {
      if (rank === victim) continue;
      assert.equal(ended[rank], 5, stderr);
      const line = new RegExp(
        `^\\[rank ${rank}\\] error: rank ${rank} of 3, step \\d+: rank ${victim} is gone`,
        'm',
      );
      assert.match(stderr, line);
    }
  }
});

test('a stopped rank is noticed after distributed.timeout', { skip }, async () => {
  const settings = set('distributed.timeout=1.5');
  const ranks = await startRanks(2, [...ENDLESS, ...settings, '-d', join(root, 'silent')]);
  await printed(ranks[0]!, /supernet \d\d+\//);
  ranks[1]!.child.kill('SIGSTOP');
  assert.equal(await ranks[0]!.code, 5);
  assert.match(
    ranks[0]!.stderr,
    /rank 0 of 2, step \d+: rank 1 is gone or stopped; Another rank did not answer for 1\.5 s/,
  );
  ranks[1]!.child.kill('SIGCONT');
  assert.equal(await ranks[1]!.code, 5);
});

test('a second signal ends a rank that waits for a stopped one', { skip }, async () => {
  const ranks = await startRanks(2, [...ENDLESS, '-d', join(root, 'twice')]);
  await printed(ranks[0]!, /supernet \d\d+\//);
  ranks[1]!.child.kill('SIGSTOP');
  ranks[0]!.child.kill('SIGINT');
  await printed(ranks[0]!, /SIGINT: stopping/);
  ranks[0]!.child.kill('SIGINT');
  assert.equal(await ranks[0]!.code, 130);
  ranks[1]!.child.kill('SIGKILL');
  await ranks[1]!.code;
});

test('what fails on one rank is told by the others', { skip }, async () => {
  let run = 0;
  const refused = async (options: StartOptions, ...more: string[]) => {
    const ranks = await startRanks(2, [...SHORT, '-d', join(root, `refused ${run++}`), ...more], options);
    return { codes: await codes(ranks), stderr: ranks.map((rank) => rank.stderr) };
  };
  const other = await refused({ argsOf: (rank) => (rank === 1 ? set('train.learningRate=0.5') : []) });
  assert.deepEqual(other.codes, [2, 2]);
  for (const text of other.stderr) assert.match(text, /recipe\.learningRate: null on rank 0, 0\.5 on rank 1/);
  const isa = await refused({ envOf: (rank) => (rank === 1 ? { SINGLEPATH_ISA: 'portable' } : {}) });
  assert.deepEqual(isa.codes, [2, 2]);
  assert.match(isa.stderr[0]!, /isa: "\w+" on rank 0, "portable" on rank 1/);
  const large = ['--set', 'train.learningRate=1e30'];
  const diverged = await refused({}, ...large);
  assert.deepEqual(diverged.codes, [1, 1]);
  for (const text of diverged.stderr) assert.match(text, /Step \d+ on path .*finite loss/);
  const odd = await refused({}, ...set('train.batchSize=15'));
  assert.match(odd.stderr[0]!, /batchSize to be a multiple of 2 processes but received 15/);
  const data = await refused({
    argsOf: (rank) => (rank === 1 ? set('data.kind=cifar10', 'data.path=/nowhere') : []),
  });
  assert.match(data.stderr[0]!, /rank 1 failed/);
  assert.equal(data.codes[0], 5);
  for (const rank of [0, 1])
    writeFiles(join(root, `seen by ${rank}`), pictures('', ['a', 'b'], 20, 28, 100 * rank));
  const own = await refused(
    { argsOf: (rank) => set(`data.path=${join(root, `seen by ${rank}`)}`) },
    ...[...FOLDER, ...set('data.normalize=auto')],
  );
  assert.deepEqual(own.codes, [2, 2]);
  assert.match(own.stderr[0]!, /images\.normalization\.mean: \[[\d.]+\] on rank 0, \[[\d.]+\] on rank 1/);
});

test('a port that is taken, ranks that do not come and half-set variables are said in one line', {
  skip,
}, async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const short = set('distributed.connectTimeout=1.5');
  const place = { RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1' };
  const one = async (env: Record<string, string>) => {
    const [rank] = await startRanks(1, [...SHORT, ...short, '-d', join(root, 'nobody')], { env });
    return { code: await rank!.code, stderr: rank!.stderr };
  };
  const busy = await one({ ...place, MASTER_PORT: String(port) });
  taken.close();
  assert.equal(busy.code, 5, busy.stderr);
  assert.match(
    busy.stderr,
    /Could not serve the store of the group at 127\.0\.0\.1:\d+: .*(EADDRINUSE|Address already in use)/,
  );
  const waiting = await one(place);
  assert.equal(waiting.code, 5, waiting.stderr);
  assert.match(waiting.stderr, /Expected 2 ranks within 1\.5 s but rank 1 did not come/);
  const half = await one({ RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: '' });
  assert.equal(half.code, 2);
  assert.match(half.stderr, /Expected MASTER_ADDR to be set/);
});

test('a rank that fails in the middle is named by the others, with its message: a broken image, a disk that takes no more', {
  skip,
}, async () => {
  const folders = [0, 1].map((rank) => {
    const folder = join(root, `images of rank ${rank}`);
    const files = pictures('', ['a', 'b'], 20, 28);
    // Rank 1's copy of this one was cut off.
    const broken = Object.keys(files)[7]!;
    if (rank === 1) files[broken] = files[broken]!.slice(0, 60);
    writeFiles(folder, files);
    return folder;
  });
  const ranks = await startRanks(2, [...ENDLESS, ...FOLDER, '-d', join(root, 'broken image')], {
    argsOf: (rank) => set(`data.path=${folders[rank]}`),
  });
  assert.deepEqual(await codes(ranks), [5, 1], ranks.map(({ stderr }) => stderr).join('\n'));
  const [, broken] = /error: (.*8\.png.*)/.exec(ranks[1]!.stderr)!;
  assert.ok(ranks[0]!.stderr.includes(`rank 1 failed (${broken})`), ranks[0]!.stderr);

  const runDir = join(root, 'full disk');
  const disk = await startRanks(2, [...ENDLESS, '-d', runDir]);
  await printed(disk[0]!, /supernet \d+\//);
  while (!existsSync(join(runDir, 'checkpoints'))) await sleep(10);
  // A file in the place of the folder: nothing can be written there.
  renameSync(join(runDir, 'checkpoints'), join(runDir, 'moved'));
  writeFileSync(join(runDir, 'checkpoints'), '');
  assert.deepEqual(await codes(disk), [1, 5], disk.map(({ stderr }) => stderr).join('\n'));
  assert.match(disk[1]!.stderr, /rank 1 of 2, step \d+: rank 0 failed \(.*checkpoints/);
});
