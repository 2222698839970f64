import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { evaluationKey, openEvaluationCache } from '../../src/evaluate/cacheFile.js';
import { EvaluationCache } from '../../src/search/cache.js';
import { freshPath, tinySpace } from '../run/fixtures.js';
import { FakeNetwork } from '../train/fakes.js';
import { evaluator, key, WatchedSupernet } from './fixtures.js';

const space = tinySpace();

test('a population is scored in chunks of neighbours; known scores are not asked again', async () => {
  const supernet = new WatchedSupernet(space);
  const progress: string[] = [];
  const evaluate = evaluator(supernet, new EvaluationCache(), {
    chunk: 2,
    onProgress: (done: number, total: number) => progress.push(`${done}/${total}`),
  });
  const population = [
    [2, 0, 0],
    [0, 1, 2],
    [0, 0, 0],
    [0, 1, 0],
  ];
  const scores = await evaluate(population, {});
  assert.deepEqual(supernet.evaluated, [
    [
      [0, 0, 0],
      [0, 1, 0],
    ],
    [
      [0, 1, 2],
      [2, 0, 0],
    ],
  ]);
  const alone = await supernet.evaluate(population, { calibration: [], validation: [] });
  assert.deepEqual(
    scores.map(({ accuracy }) => accuracy),
    alone.correct.map((correct) => correct / 1000),
  );
  assert.deepEqual(progress, ['1/4', '2/4', '3/4', '4/4', '4/4']);

  progress.length = 0;
  await evaluate(
    [
      [0, 0, 0],
      [1, 1, 1],
      [2, 0, 0],
    ],
    {},
  );
  assert.deepEqual(supernet.evaluated.at(-1), [[1, 1, 1]]);
  assert.deepEqual(progress, ['3/3', '3/3']);
});

test('scores survive in the file, per supernet and set-up; a torn last line is dropped', async () => {
  const path = freshPath();
  {
    using file = openEvaluationCache(path);
    await evaluator(new FakeNetwork(space), file.cache)(
      [
        [0, 1, 2],
        [2, 1, 0],
      ],
      {},
    );
  }
  writeFileSync(path, '{"supernet":"weig', { flag: 'a' });
  using file = openEvaluationCache(path);
  assert.equal(file.cache.size, 2);
  assert.ok(file.cache.get(key, [0, 1, 2])!.accuracy >= 0);
  assert.equal(file.cache.get(evaluationKey('weights', { images: 101 }), [0, 1, 2]), undefined);
  assert.equal(file.cache.get(evaluationKey('other', { images: 100 }), [0, 1, 2]), undefined);
  file.cache.set(key, [1, 1, 1], { accuracy: 0.5 });
  assert.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 3);
});

test('a damaged line in the middle of the file: a warning, and its candidate is scored again', async () => {
  const path = freshPath();
  const population = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 1, 1],
  ];
  {
    using file = openEvaluationCache(path);
    await evaluator(new FakeNetwork(space), file.cache)(population, {});
  }
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, [lines[0], lines[1]!.slice(0, 40), ...lines.slice(2)].join('\n'));
  const warnings: string[] = [];
  using file = openEvaluationCache(path, (error) => warnings.push(`${error.message}; ${error.hint}`));
  assert.equal(file.cache.size, 2);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, new RegExp(`'${path}' but line 2 .*scored again`));
  const supernet = new WatchedSupernet(space);
  await evaluator(supernet, file.cache)(population, {});
  assert.equal(supernet.evaluated.flat().length, 1);
});

test('where the file cannot be written scores are kept in memory', {
  skip: !existsSync('/sys/kernel'),
}, () => {
  using file = openEvaluationCache('/sys/evaluations.jsonl'); // refuses new files, also to root
  file.cache.set(key, [1, 1, 1], { accuracy: 0.5 });
  assert.equal(file.cache.get(key, [1, 1, 1])!.accuracy, 0.5);
});
