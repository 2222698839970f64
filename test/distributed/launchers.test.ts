import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { withoutAddon } from '../cli/native.js';
import { MAIN } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { codes, freePort, printed, type Rank, start } from './ranks.js';

const skip = withoutAddon();
const root = temporaryFolder();
const { config } = writeTiny(join(root, 'tiny'));
const set = (...settings: string[]) => settings.flatMap((setting) => ['--set', setting]);
const TRAIN = [
  ...['train', '-c', config, '--json'],
  ...set('train.steps=12', 'distributed.connectTimeout=20'),
];

type Variables = (rank: number) => Record<string, string>;
const BY_HAND: Variables = (rank) => ({ RANK: String(rank), WORLD_SIZE: '2' });

/** Two processes with the variables of a launcher. */
function startTwo(env: Variables, args: readonly string[], run: string): Rank[] {
  return [0, 1].map((rank) =>
    start(process.execPath, [MAIN, ...args, '-d', join(root, run)], { OMP_NUM_THREADS: '1', ...env(rank) }),
  );
}

const place = async () => ({ MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(await freePort()) });

async function trained(env: Variables, run: string, args = TRAIN): Promise<string> {
  const ranks = startTwo(env, args, run);
  assert.deepEqual(await codes(ranks), [0, 0], ranks.map(({ stderr }) => stderr).join('\n'));
  assert.equal(ranks[1]!.stdout, '', 'rank 0 alone prints the result');
  return JSON.parse(readFileSync(join(root, run, 'result.json'), 'utf8')).weights;
}

let byHand: Promise<string> | undefined;
const weightsByHand = (): Promise<string> => {
  byHand ??= place().then((master) => trained((rank) => ({ ...master, ...BY_HAND(rank) }), 'by hand'));
  return byHand;
};

/** What srun and mpirun set for two tasks of one machine. */
const LAUNCHERS: Record<string, Variables> = {
  SLURM: (rank) => ({
    SLURM_JOB_ID: '7',
    SLURM_JOB_NUM_NODES: '1',
    SLURM_NODEID: '0',
    SLURM_NTASKS: '2',
    SLURM_PROCID: String(rank),
    SLURM_LOCALID: String(rank),
    SLURM_NTASKS_PER_NODE: '2',
  }),
  OpenMPI: (rank) => ({
    OMPI_COMM_WORLD_SIZE: '2',
    OMPI_COMM_WORLD_LOCAL_SIZE: '2',
    OMPI_UNIVERSE_SIZE: '2',
    OMPI_COMM_WORLD_RANK: String(rank),
    OMPI_COMM_WORLD_LOCAL_RANK: String(rank),
  }),
  'MPICH and Intel MPI': (rank) => ({
    PMI_RANK: String(rank),
    PMI_SIZE: '2',
    PMI_FD: '9',
    MPI_LOCALRANKID: String(rank),
    MPI_LOCALNRANKS: '2',
  }),
};
for (const [launcher, variables] of Object.entries(LAUNCHERS)) {
  test(`processes with the variables of ${launcher} train as those with RANK and WORLD_SIZE do`, {
    skip,
  }, async () => {
    const master = await place();
    const weights = await trained((rank) => ({ ...master, ...variables(rank) }), launcher);
    assert.equal(weights, await weightsByHand());
  });
}

test('ranks find each other over a file, without MASTER_ADDR and MASTER_PORT; the last one deletes it', {
  skip,
}, async () => {
  const file = join(root, 'store');
  const env: Variables = (rank) => ({ ...BY_HAND(rank), SINGLEPATH_STORE: pathToFileURL(file).href });
  assert.equal(await trained(env, 'over a file'), await weightsByHand());
  assert.ok(!existsSync(file));
});

test('the file that killed ranks have left is refused by rank 0', { skip }, async () => {
  const file = join(root, 'left behind');
  const env: Variables = (rank) => ({ ...BY_HAND(rank), SINGLEPATH_STORE: pathToFileURL(file).href });
  const endless = [...TRAIN, ...set('train.steps=1000000', 'train.logEvery=5')];
  const killed = startTwo(env, endless, 'killed');
  await printed(killed[0]!, /supernet \d+\//);
  killed[0]!.child.kill('SIGKILL');
  assert.equal(await killed[1]!.code, 5);
  assert.match(killed[1]!.stderr, /error: rank 1 of 2, step \d+: rank 0 is gone or stopped/);
  const again = startTwo(env, [...TRAIN, ...set('distributed.connectTimeout=1.5')], 'again');
  assert.deepEqual(await codes(again), [2, 5]);
  assert.match(
    again[0]!.stderr,
    /Expected a new file for the store of the group but another run has used .*left behind/,
  );
  assert.match(again[1]!.stderr, /Expected rank 0 to answer within 1\.5 s/);
});

test('a search is shared over a file, too', { skip }, async () => {
  const supernets = ['alone', 'shared'].map((name) => join(root, `supernet ${name}`));
  for (const folder of supernets) {
    const one = start(process.execPath, [MAIN, 'train', '-c', config, '-d', folder, '-q']);
    assert.equal(await one.code, 0, one.stderr);
  }
  const search = (supernet: string) => [
    ...['search', '--supernet', supernet, '--json'],
    ...set('search.population=3', 'search.generations=2', 'distributed.timeout=20'),
  ];
  const alone = start(process.execPath, [MAIN, ...search(supernets[0]!), '-d', join(root, 'alone')]);
  assert.equal(await alone.code, 0, alone.stderr);
  const SINGLEPATH_STORE = pathToFileURL(join(root, 'tickets')).href;
  const ranks = startTwo((rank) => ({ ...BY_HAND(rank), SINGLEPATH_STORE }), search(supernets[1]!), 'shared');
  assert.deepEqual(await codes(ranks), [0, 0], ranks.map(({ stderr }) => stderr).join('\n'));
  const winner = (name: string) => JSON.parse(readFileSync(join(root, name, 'result.json'), 'utf8')).winner;
  assert.deepEqual(winner('shared'), winner('alone'));
});

test('a file that cannot be written is an error that names it', { skip }, async () => {
  writeFileSync(join(root, 'no folder'), '');
  for (const file of [join(root, 'no folder', 'store'), root]) {
    const env: Variables = (rank) => ({ ...BY_HAND(rank), SINGLEPATH_STORE: pathToFileURL(file).href });
    const ranks = startTwo(env, [...TRAIN, ...set('distributed.connectTimeout=1.5')], 'nowhere');
    assert.deepEqual(await codes(ranks), [5, 5], ranks.map(({ stderr }) => stderr).join('\n'));
    for (const { stderr } of ranks)
      assert.ok(stderr.includes(`Could not open the store of the group in ${file}: `), stderr);
  }
});
