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

  it('ignores a last line cut off by a crash and names any other bad line', () => {
    const line = JSON.stringify({ ...key, architecture: [0, 1], score: { accuracy: 0.5, loss: 1 } });
    const cache = new EvaluationCache();
    cache.load(`${line}\n${line.slice(0, 30)}`);
    assert.deepEqual(cache.get(key, [0, 1]), { accuracy: 0.5, loss: 1 });
    assert.throws(() => cache.load(`${line}\n{"supernet":1}\n${line}\n`), /line 2 of the evaluation cache/);
  });
});
