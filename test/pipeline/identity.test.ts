import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveConfig } from '../../src/config/load.js';
import type { DataConfig } from '../../src/config/schema/data.js';
import { objectSource } from '../../src/config/sources.js';
import { datasetConfig } from '../../src/pipeline/images/images.js';
import { rankIdentity, scoreIdentity, trialIdentity } from '../../src/pipeline/runs/identity.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { withoutAddon } from '../cli/native.js';

const config = (sections: Record<string, unknown> = {}) =>
  resolveConfig([objectSource(sections, 'the test')]);
const IMAGES = { name: 'tiny', input: { channels: 3, size: 16 }, classes: 4 };

/** Another value of every setting that says how an image is opened. */
const OTHERS: Partial<DataConfig> = {
  normalize: 'half',
  channelOrder: 'bgr',
  resize: 20,
  upright: false,
  pixelLimit: 100,
  broken: 'skip',
  brokenShare: 0.5,
  exactDecode: true,
  cache: 1,
};
/** Those that change varied images alone, or only say when a run stops. */
const NO_MATTER = ['brokenShare', 'exactDecode', 'cache'];

describe('what a score is kept under', () => {
  const opened = (data: Record<string, unknown>) => datasetConfig(config({ data }).data, IMAGES);
  const kept = (data: Record<string, unknown>) => scoreIdentity(config({ data }));

  for (const base of [{ kind: 'image-folder', path: '.' }, { kind: 'synthetic' }]) {
    it(`has every setting that changes the pixels of ${base.kind}`, () => {
      for (const [name, value] of Object.entries(OTHERS)) {
        const changed = { ...base, [name]: value };
        const differs = JSON.stringify(opened(changed)) !== JSON.stringify(opened(base));
        const asked = differs && !NO_MATTER.includes(name);
        assert.equal(JSON.stringify(kept(changed)) !== JSON.stringify(kept(base)), asked, name);
      }
      assert.notDeepEqual(opened({ ...base, resize: 20 }), opened(base), 'also of images that are pixels');
    });
  }

  it('says of images that are pixels what it always said, so that their scores are found again', () => {
    assert.deepEqual(Object.keys(kept({ kind: 'synthetic' }).images as object), [
      ...['kind', 'heldOut', 'splitSeed', 'trainImages', 'normalize', 'channelOrder'],
    ]);
  });
});

describe('what a trial is kept under', () => {
  const kept = (sections: Record<string, unknown>) => JSON.stringify(trialIdentity(config(sections)));

  it('has what a trial takes from the retraining, and the batches of its recalibration', () => {
    for (const sections of [{ retrain: { warmupSteps: 3 } }, { evaluate: { batchSize: 8 } }]) {
      assert.notEqual(kept(sections), kept({}));
    }
    for (const sections of [{ retrain: { steps: 3 } }, { retrain: { validateEvery: 3 } }]) {
      assert.equal(kept(sections), kept({}));
    }
  });
});

describe('what ranks compare before they train together', { skip: withoutAddon() }, () => {
  const space = getSpace('spos-shufflenet-v2-28', { size: 32 });
  const compared = (data: Record<string, unknown>, cache: number) => {
    const settings = config({ data: { kind: 'image-folder', path: '.', ...data, cache } });
    return JSON.stringify(rankIdentity(settings, 'train', space, {}));
  };

  it('has the cache where it decides how random crops are decoded, and nowhere else', () => {
    for (const [data, decides] of [
      [{ augment: 'imagenet' }, true],
      [{ augment: 'imagenet', exactDecode: true }, false],
      [{ augment: 'crop-flip' }, false],
      [{ augment: 'imagenet', kind: 'synthetic' }, false],
    ] as const)
      assert.equal(compared(data, 1) !== compared(data, 2), decides, JSON.stringify(data));
  });
});
