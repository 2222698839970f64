import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseFinalists } from '../../src/search/finalists.js';
import { halvingEpochs, halvingRungs, successiveHalving } from '../../src/search/halving.js';
import type { Candidate } from '../../src/search/types.js';

describe('successive halving', () => {
  it('halves the networks and doubles their epochs', () => {
    const plan = halvingRungs(10, 2, 3);
    assert.deepEqual(plan, [
      { networks: 10, epochs: 2 },
      { networks: 5, epochs: 4 },
      { networks: 3, epochs: 8 },
    ]);
    assert.equal(halvingEpochs(plan), 20 + 20 + 24);
    assert.deepEqual(halvingRungs(1, 2, 3), [{ networks: 1, epochs: 2 }]);
    assert.throws(() => halvingRungs(0, 1, 1), /a positive whole number for finalists/);
    assert.throws(() => halvingRungs(2, 0, 1), /a positive number for epochs/);
  });

  it('keeps the better half at each rung, and finds a late bloomer that stays in the race', async () => {
    const trained: string[] = [];
    const accuracies: Record<string, number[]> = {
      steady: [0.5, 0.6, 0.7],
      late: [0.45, 0.59, 0.8],
      early: [0.6, 0.5],
      never: [0.1],
    };
    const order = await successiveHalving(
      Object.keys(accuracies),
      halvingRungs(4, 1, 3),
      async (name, rung) => {
        trained.push(`${name}${rung}`);
        return { accuracy: accuracies[name]![rung]!, loss: 1 };
      },
    );
    assert.deepEqual(trained, ['steady0', 'late0', 'early0', 'never0', 'early1', 'steady1', 'steady2']);
    assert.deepEqual(
      order.map(({ item, scores }) => [item, scores.length]),
      [
        ['steady', 3],
        ['early', 2],
        ['late', 1],
        ['never', 1],
      ],
    );
  });

  it('lets the loss decide between equal accuracies', async () => {
    const order = await successiveHalving(['a', 'b'], halvingRungs(2, 1, 1), async (name) => ({
      accuracy: 0.5,
      loss: name === 'a' ? 2 : 1,
    }));
    assert.equal(order[0]!.item, 'b');
  });
});

describe('finalists', () => {
  const space = { name: 'x', genes: [0, 1, 2].map((layer) => ({ name: `g${layer}`, size: 3, layer })) };
  const candidates = Array.from({ length: 27 }, (_, i): Candidate => {
    const architecture = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3];
    return { architecture, score: { accuracy: i / 27 }, generation: 0, origin: 'random' };
  });
  const genesOf = ({ architecture }: Candidate) => architecture;

  it('are the best ones and others that differ from them', () => {
    const chosen = chooseFinalists(space, candidates, 6, genesOf);
    assert.deepEqual(
      chosen.slice(0, 5).map(({ score }) => Math.round(score.accuracy * 27)),
      [26, 25, 24, 23, 22],
    );
    assert.equal(new Set(chosen.map((one) => genesOf(one).join())).size, 6);
  });

  it('follow the score model where there is one', () => {
    const reversed = candidates.map((one, i) => ({ ...one, score: { ...one.score, model: -i } }));
    assert.deepEqual(chooseFinalists(space, reversed, 1, genesOf)[0]!.architecture, [0, 0, 0]);
  });

  it('are different networks, and not more than there are', () => {
    const oneNetwork = () => [0, 0, 0];
    assert.equal(chooseFinalists(space, candidates, 1, oneNetwork).length, 1);
    assert.throws(() => chooseFinalists(space, candidates, 2, oneNetwork), /at most 1, the networks/);
  });
});
