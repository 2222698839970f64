import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../../src/distributed/environment.js';
import { joinGroup } from '../../src/distributed/join.js';
import { chooses, threadsOf } from '../../src/distributed/threads.js';

const MASTER = { MASTER_ADDR: '10.0.0.1', MASTER_PORT: '29500' };

test('a process without the variables of a launcher works alone, and opens nothing', async () => {
  assert.equal(placeOf({}), undefined);
  assert.equal(placeOf({ RANK: '0', WORLD_SIZE: '1' }), undefined);
  // One task in a SLURM job, which was not asked to find others.
  assert.equal(placeOf({ SLURM_PROCID: '0', SLURM_NTASKS: '4' }), undefined);
  assert.equal(placeOf({ SLURM_PROCID: '0', SLURM_NTASKS: '4', SINGLEPATH_STORE: '' }), undefined);
  const group = await joinGroup({ env: {} });
  assert.deepEqual([group.rank, group.worldSize, group.native], [0, 1, null]);
});

for (const [launcher, env] of [
  ['hand', { RANK: '2', WORLD_SIZE: '4', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '2' }],
  [
    'torchrun',
    { RANK: '2', WORLD_SIZE: '4', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '2', TORCHELASTIC_RUN_ID: 'none' },
  ],
  ['SLURM', { SLURM_PROCID: '2', SLURM_NTASKS: '4', SLURM_LOCALID: '1', SLURM_NTASKS_PER_NODE: '2' }],
  [
    'MPI',
    {
      OMPI_COMM_WORLD_RANK: '2',
      OMPI_COMM_WORLD_SIZE: '4',
      OMPI_COMM_WORLD_LOCAL_RANK: '1',
      OMPI_COMM_WORLD_LOCAL_SIZE: '2',
    },
  ],
  ['MPI', { PMI_RANK: '2', PMI_SIZE: '4', MPI_LOCALRANKID: '1', MPI_LOCALNRANKS: '2' }],
] as const) {
  test(`the variables of ${launcher} (${Object.keys(env)[0]}) say which rank this is`, () => {
    assert.deepEqual(placeOf({ ...env, ...MASTER }), {
      launcher,
      rank: 2,
      worldSize: 4,
      localRank: 1,
      localWorldSize: 2,
      host: '10.0.0.1',
      storeOutlives: false,
      restarts: 0,
      store: { host: '10.0.0.1', port: 29500, server: false },
    });
  });
}

test('SINGLEPATH_STORE names a file in place of a server, but for torchrun', () => {
  const file = { SINGLEPATH_STORE: 'file:///shared/store', SLURM_PROCID: '1', SLURM_NTASKS: '2' };
  const { launcher, store, storeOutlives } = placeOf(file)!;
  assert.deepEqual(
    { launcher, store, storeOutlives },
    { launcher: 'SLURM', store: { file: '/shared/store', server: false }, storeOutlives: true },
  );
  const torchrun = { ...file, ...MASTER, RANK: '1', WORLD_SIZE: '2', TORCHELASTIC_RUN_ID: 'none' };
  assert.deepEqual(placeOf(torchrun)!.store, { host: '10.0.0.1', port: 29500, server: false });
});

for (const [env, message] of [
  [{ RANK: '0' }, /Expected WORLD_SIZE to be set/],
  [{ WORLD_SIZE: '2', ...MASTER }, /Expected RANK to be set/],
  [{ RANK: '0', WORLD_SIZE: '2' }, /Expected MASTER_ADDR to be set, as WORLD_SIZE is 2/],
  [{ RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: 'a' }, /Expected MASTER_PORT to be set/],
  [
    { RANK: '2', WORLD_SIZE: '2', ...MASTER },
    /from 0 to 1 for the environment variable RANK but received '2'/,
  ],
  [{ RANK: 'x', WORLD_SIZE: '2', ...MASTER }, /variable RANK but received 'x'/],
  [
    { RANK: '0', WORLD_SIZE: '2', SINGLEPATH_STORE: '/tmp/store' },
    /file:\/\/\/… for .* received '\/tmp\/store'/,
  ],
  [{ RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: 'a', MASTER_PORT: '0' }, /MASTER_PORT but received '0'/],
] as const) {
  test(`half-set variables are an error: ${JSON.stringify(env)}`, () => {
    assert.throws(() => placeOf(env), { code: 'INVALID_CONFIG', message });
  });
}

test("torchrun's OMP_NUM_THREADS=1 becomes cores / ranks, and what a user set stays", () => {
  const four = { launcher: 'torchrun', localWorldSize: 4 } as const;
  assert.ok(chooses(four, '1'));
  const { threads, notice } = threadsOf(four, '1', 16);
  assert.equal(threads, 4);
  assert.match(
    notice!,
    /^4 threads a rank \(16 cores \/ 4 ranks\) instead of the OMP_NUM_THREADS=1 of torchrun/,
  );
  assert.deepEqual(threadsOf(four, '1', 4), { threads: 1 }, 'nothing to tell');
  assert.deepEqual(threadsOf(four, undefined, 16), { threads: 4 });
  assert.ok(!chooses(four, '2'));
  assert.ok(!chooses({ launcher: 'hand', localWorldSize: 4 }, '1'));
  assert.ok(
    !chooses({ launcher: 'torchrun', localWorldSize: 1 }, '1'),
    'torchrun sets it for several ranks only',
  );
});
