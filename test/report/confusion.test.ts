import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countConfusion } from '../../src/evaluate/confusion.js';
import { confusionCsv, describeConfusion } from '../../src/report/confusion.js';
import type { NativeBatch } from '../../src/runtime/native.js';

/** A batch of labels whose "images" are the logits themselves. */
const batchOf = (labels: number[]) => ({ labels: () => BigInt64Array.from(labels, BigInt) }) as NativeBatch;

test('what each class is taken for; of equal logits the first', async () => {
  const logits = [
    [5, 1, 0, 0], // cat: right
    [1, 1, 0, 0], // dog: a tie, taken for a cat
    [0, 3, 0, 9], // dog: taken for an output that is no class of the data
  ];
  const forward = async () => ({ name: '', shape: [3, 4], data: Float32Array.from(logits.flat()) });
  const confusion = await countConfusion(forward, [batchOf([0, 1, 1])], ['cat', 'dog, wet', 'ox']);
  assert.deepEqual(confusion.counts, [
    [1, 0, 0, 0],
    [1, 0, 0, 1],
    [0, 0, 0, 0],
  ]);
  assert.equal(
    confusionCsv(confusion),
    'true \\ predicted,cat,"dog, wet",ox,3\ncat,1,0,0,0\n"dog, wet",1,0,0,1\nox,0,0,0,0\n',
  );
  assert.match(describeConfusion(confusion), /dog, wet +1 +0 +0 +1 +0\.00 %/);
});

test('of many classes the hardest, and the pairs most often mixed up', () => {
  const classNames = Array.from({ length: 30 }, (_, label) => `class${label}`);
  const counts = classNames.map((_, label) => classNames.map((_, at): number => (at === label ? 9 : 0)));
  counts[7]![7] = 2;
  counts[7]![8] = 7;
  const text = describeConfusion({ classNames, counts });
  assert.match(text, /hardest classes +images +right\n-.*\nclass7 +9 +22\.22 %\nclass0 /);
  assert.match(text, /class7 +class8 +7 +77\.78 %$/);
});
