import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rankingCard } from '../../src/search/rankingCard.js';

describe('ranking card', () => {
  const truth = [60, 70, 80, 90, 85, 75];
  const costs = [1, 2, 3, 4, 5, 6];
  const madds = { name: 'MAdds', values: costs };

  it('gives the regret of the best scored and of the best of k under a limit', () => {
    const score = { name: 'supernet', values: [1, 2, 5, 4, 6, 3] };
    const card = rankingCard([score], [madds], truth, costs, { limits: [3, 4], k: 2 });
    const caps = card.rows[0]!.caps;
    assert.deepEqual(caps, [
      { limit: null, count: 6, top1: 5, bestOfK: 5 }, // chooses 85, then 80
      { limit: 3, count: 3, top1: 0, bestOfK: 0 },
      { limit: 4, count: 4, top1: 10, bestOfK: 0 }, // chooses 80, then 90
    ]);
  });

  it('says in words whether the supernet beats what needs no training', () => {
    const bad = rankingCard([{ name: 'supernet', values: [6, 5, 4, 3, 2, 1] }], [madds], truth, costs);
    assert.equal(bad.beatsBaselines, false);
    assert.match(bad.verdict, /does NOT rank better than MAdds \(tau 0\.\d+/);
    const good = rankingCard([{ name: 'supernet', values: truth }], [madds], truth, [1, 1, 1, 2, 2, 2]);
    assert.equal(good.beatsBaselines, true);
    assert.match(good.verdict, /better than every baseline/);
  });

  it('goes by all networks where they are so few that each has a band of its own', () => {
    const worse = { name: 'sqrt units', values: [1, 2, 3, 5, 6, 4] };
    const card = rankingCard([{ name: 'supernet', values: truth }], [madds, worse], truth, costs);
    assert.ok(card.rows.every(({ bandKendall }) => Number.isNaN(bandKendall)));
    assert.equal(card.beatsBaselines, true);
    assert.match(card.verdict, /better than every baseline; the best of them: sqrt units \([^)]*\)\./);
    assert.equal(rankingCard([madds], [worse], truth, costs).beatsBaselines, false);
  });

  it('trains at least one network', () => {
    for (const k of [0, -1, 2.5, Number.NaN])
      assert.throws(
        () => rankingCard([], [madds], truth, costs, { k }),
        /positive whole number for k of rankingCard/,
      );
  });

  it('ranks what needs no training alone', () => {
    const card = rankingCard([], [madds], truth, costs);
    assert.equal(card.beatsBaselines, false);
    assert.match(card.verdict, /^Without any training the best ranking is that of MAdds/);
  });

  it('leaves out baselines that are the same for all, orders equal scores by cost', () => {
    const same = { name: 'depth', values: [1, 1, 1, 1, 1, 1] };
    const card = rankingCard([same], [same, madds], truth, costs, { k: 1 });
    assert.deepEqual(
      card.rows.map(({ name }) => name),
      ['depth', 'MAdds'],
    );
    assert.deepEqual(card.rows[0]!.caps, card.rows[1]!.caps);
  });

  it('refuses a limit that no two networks meet', () => {
    assert.throws(
      () => rankingCard([madds], [], truth, costs, { limits: [0.5] }),
      /at least two architectures/,
    );
  });
});
