import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { withoutAddon } from '../cli/native.js';
import { singlepath } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { codes, freePort, printed, startRanks } from './ranks.js';

const skip = withoutAddon();
const root = temporaryFolder();
const { config } = writeTiny(join(root, 'tiny'));
const set = (...settings: string[]) => settings.flatMap((setting) => ['--set', setting]);

before(async () => {
  if (skip !== false) return;
  // A supernet for each search, as scores are kept with it.
  for (const name of ['alone', 'shared', 'killed', 'late']) {
    const { code, stderr } = await singlepath([
      'train',
      '-c',
      config,
      '-d',
      join(root, `supernet ${name}`),
      '-q',
    ]);
    assert.equal(code, 0, stderr);
  }
});

/** All four architectures of the space, over two generations. */
const search = (name: string) => [
  ...['search', '--supernet', join(root, `supernet ${name}`), '-d', join(root, name)],
  ...set(
    'search.population=3',
    'search.generations=2',
    'evaluate.batchSize=8',
    'distributed.timeout=20',
    'distributed.connectTimeout=4',
  ),
];

function found(name: string) {
  const { winner, topK } = JSON.parse(readFileSync(join(root, name, 'result.json'), 'utf8'));
  const scores = readFileSync(join(root, `supernet ${name}`, 'evaluations.jsonl'), 'utf8');
  return { winner, topK, scores: scores.trim().split('\n').sort() };
}

test('a search of three ranks finds what one process finds, score by score', { skip }, async () => {
  const one = await singlepath(search('alone'));
  assert.equal(one.code, 0, one.stderr);
  const ranks = await startRanks(3, search('shared'));
  assert.deepEqual(await codes(ranks), [0, 0, 0], ranks.map(({ stderr }) => stderr).join('\n'));
  assert.deepEqual(
    ranks.map(({ stdout }) => stdout === ''),
    [false, true, true],
  );
  assert.deepEqual(found('shared'), found('alone'));
});

test('a killed rank costs its unit, and a rank that comes late takes part', { skip }, async () => {
  const port = String(await freePort());
  const place = { WORLD_SIZE: '3', MASTER_ADDR: '127.0.0.1', MASTER_PORT: port };
  const one = (rank: string) => startRanks(1, [...search('killed'), '-v'], { env: { ...place, RANK: rank } });
  // Rank 1 waits for work, then takes a unit and is killed; rank 0 does it again. Rank 2 comes last.
  const [killed] = await one('1');
  const [first] = await one('0');
  await printed(first!, /search: generation 0/);
  killed!.child.kill('SIGKILL');
  const [late] = await one('2');
  assert.equal(await first!.code, 0, first!.stderr);
  assert.equal(await killed!.code, 137);
  assert.ok([0, 5].includes(await late!.code), late!.stderr); // it may come when all is done
  assert.deepEqual(found('killed'), found('alone'));
});

test('a ranking of two ranks is that of one process', { skip }, async () => {
  const truth = join(root, 'truth.json');
  const architectures = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  writeFileSync(truth, JSON.stringify(architectures.map((arch, i) => ({ arch, accuracy: 0.5 + i / 10 }))));
  // Supernets with the same weights, so that none has the other's scores.
  const rank = (name: string) => [
    ...['rank', '--truth', truth, '--supernet', join(root, `supernet ${name}`), '--json'],
    ...set('evaluate.validationImages=20', 'distributed.timeout=20'),
  ];
  const one = await singlepath(rank('alone'));
  assert.equal(one.code, 0, one.stderr);
  const ranks = await startRanks(2, rank('shared'));
  assert.deepEqual(await codes(ranks), [0, 0], ranks.map(({ stderr }) => stderr).join('\n'));
  assert.deepEqual(JSON.parse(ranks[0]!.stdout), JSON.parse(one.stdout));
  assert.equal(ranks[1]!.stdout, '');
});
