import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { supernetOf } from '../../experiments/setting.js';
import { loadConfig } from '../../src/config/load.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { RunDirectory } from '../../src/run/directory.js';
import { temporaryFolder } from '../temporaryFolder.js';

const load = (...set: string[]) =>
  loadConfig({ files: [join(packageRoot(), 'configs', 'small', 'nas-bench-macro.yaml')], set });

test('a finished supernet is not taken for one of other settings, but on request', async () => {
  const runs = temporaryFolder();
  const path = join(runs, 'supernet-1');
  const trained = load('train.steps=20', 'runtime.device=cuda', 'runtime.kernels=aten');
  {
    using run = await RunDirectory.open(path, {
      kind: 'train',
      space: openSpace(trained.space),
      config: trained,
    });
    await run.writeResult({});
  }
  const take = (asTrained: boolean, ...set: string[]) =>
    supernetOf({ runs, asTrained, config: () => load(...set) }, 1);
  assert.equal(await take(false, 'train.steps=20'), path, 'whatever computed it');
  assert.equal(await take(false, 'train.steps=20', 'search.finalists=2', 'train.logEvery=7'), path);
  await assert.rejects(
    take(false, 'train.steps=30'),
    /in '.*supernet-1' but it was trained with others: recipe\.steps: 20 there, 30 here\n.*--as-trained/,
  );
  assert.equal(await take(true, 'train.steps=30'), path);
});
