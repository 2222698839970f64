import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cached, EvaluationCache } from '../../src/search/cache.js';
import { evolutionarySearch } from '../../src/search/evolution.js';
import { shufflenet } from '../sampling/fixtures.js';
import { additiveScore, lastOf, recording } from './fixtures.js';

const { space } = shufflenet;
const { accuracy } = additiveScore(space, 1);
const key = { supernet: 'sha256:1', setup: 'val5000' };

describe('EvaluationCache', () => {
  it('saves a second search every evaluation, also from a file', async () => {
    let file = '';
    const cache = new EvaluationCache((line) => {
      file += `${line}\n`;
    });
    const first = recording(accuracy);
    const result = await lastOf(evolutionarySearch(space, cached(first.evaluate, cache, key)));
    assert.equal(first.asked.length, 1050);
    assert.equal(file.split('\n').length, 1051);

    const reloaded = new EvaluationCache();
    reloaded.load(file);
    assert.equal(reloaded.size, 1050);
    const second = recording(accuracy);
    assert.deepEqual(await lastOf(evolutionarySearch(space, cached(second.evaluate, reloaded, key))), result);
    assert.equal(second.asked.length, 0);
  });

  it('keeps supernets and evaluation set-ups apart', async () => {
    const cache = new EvaluationCache();
    const { evaluate, calls } = recording(accuracy);
    const path = new Array(20).fill(1);
    for (const other of [key, { ...key, supernet: 'sha256:2' }, { ...key, setup: 'val500' }, key]) {
      const [score] = await cached(evaluate, cache, other)([path, path], {});
      assert.equal(score!.accuracy, accuracy(path));
    }
    assert.deepEqual(calls, [1, 1, 1]);
  });

  it('keeps machines apart; scores of earlier versions, which name none, serve all', async () => {
    const lines: string[] = [];
    const cache = new EvaluationCache((line) => lines.push(line));
    const { evaluate, calls } = recording(accuracy);
    const path = new Array(20).fill(1);
    const [one, other] = ['avx2', 'avx512'].map((machine) => ({ ...key, machine }));
    for (const machine of [one!, other!, one!]) await cached(evaluate, cache, machine)([path], {});
    assert.deepEqual(calls, [1, 1]);
    const reloaded = new EvaluationCache();
    assert.deepEqual(reloaded.load(lines.join('\n')), []);
    assert.equal(reloaded.size, 2);
    assert.ok(reloaded.get(other!, path));
    assert.equal(reloaded.get({ ...key, machine: 'neon' }, path), undefined);
    const before = JSON.stringify({ ...key, architecture: path, score: { accuracy: 0.5 } });
    assert.deepEqual(reloaded.load(before), []);
    assert.deepEqual(reloaded.get({ ...key, machine: 'neon' }, path), { accuracy: 0.5 });
    assert.deepEqual(
      reloaded.load(`${JSON.stringify({ ...one, machine: 1, architecture: path, score: {} })}\n`),
      [1],
    );
  });

  it('ignores a last line cut off by a crash, leaves out and names other damaged lines', () => {
    const lineOf = (architecture: number[], score: object = { accuracy: 0.5, loss: 1 }) =>
      JSON.stringify({ ...key, architecture, score });
    const cache = new EvaluationCache();
    assert.deepEqual(cache.load(`${lineOf([0, 1])}\n${lineOf([0, 2]).slice(0, 30)}`), []);
    assert.deepEqual(cache.get(key, [0, 1]), { accuracy: 0.5, loss: 1 });
    const text = [
      lineOf([1, 0]),
      '{"supernet":1}',
      lineOf([1, 1]).slice(5),
      lineOf([1, 2], { accuracy: 0.1, loss: null }), // what NaN became in older versions
      lineOf([1, 3], {}),
      lineOf([1, 4]),
      '',
    ];
    assert.deepEqual(cache.load(text.join('\n')), [2, 3, 4, 5]);
    assert.equal(cache.size, 3);
    assert.ok(cache.get(key, [1, 4]));
  });

  it('keeps no score that is no number: the error names the path', async () => {
    const lines: string[] = [];
    const cache = new EvaluationCache((line) => lines.push(line));
    for (const score of [{ accuracy: Number.NaN }, { accuracy: 0.1, loss: Number.POSITIVE_INFINITY }]) {
      const evaluate = cached(async () => [{ accuracy: 0.5 }, score], cache, key);
      await assert.rejects(
        evaluate(
          [
            [0, 1],
            [1, 0],
          ],
          {},
        ),
        {
          code: 'NON_FINITE_LOSS',
          message: /for path 1,0 but received (NaN|Infinity)/,
        },
      );
    }
    assert.deepEqual(lines, []);
    assert.equal(cache.size, 0);
  });
});
