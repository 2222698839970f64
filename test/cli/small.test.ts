import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { costOf } from '../../src/cost/cost.js';
import { openSpace } from '../../src/pipeline/openSpace.js';
import { runRetrain } from '../../src/pipeline/retrain.js';
import { readRun } from '../../src/pipeline/runs.js';
import { legalArchitectures } from '../../src/pipeline/sampler.js';
import { runSearch } from '../../src/pipeline/search.js';
import { runTrain } from '../../src/pipeline/train.js';
import { packageRoot } from '../../src/runtime/addon.js';
import { withoutAddon } from './native.js';
import { temporaryFolder } from './run.js';

// What the files ask for, but only a few steps and images of it.
const FEW = [
  ...['train.steps=3', 'train.batchSize=8', 'retrain.steps=3', 'retrain.batchSize=8'],
  ...['data.trainImages=100', 'data.testImages=16', 'data.heldOut=20'],
  ...['evaluate.calibrationImages=16', 'evaluate.batchSize=16', 'retrain.calibrationImages=16'],
  ...[
    'search.population=3',
    'search.topK=2',
    'search.mutations=1',
    'search.crossovers=1',
    'search.generations=1',
  ],
];

const folder = join(packageRoot(), 'configs', 'small');
const skip = withoutAddon();

for (const file of readdirSync(folder)) {
  test(`configs/small/${file}: supernet, search, baseline and retraining run`, { skip }, async () => {
    const config = loadConfig({ files: [join(folder, file)], set: FEW });
    const root = temporaryFolder();
    const supernet = join(root, 'supernet');
    const trained = await runTrain(config, { runDir: supernet });
    assert.ok(Number.isFinite(trained.loss));

    const onSkipped = assert.fail;
    const { result } = await runSearch(config, { supernet, runDir: join(root, 'search'), onSkipped });
    assert.equal(result.evaluated, 6);
    assert.equal(result.baseline?.evaluated, 6);
    const space = openSpace(config.space);
    const legal = legalArchitectures(space, config.search.constraints);
    const { architecture, costs } = result.winner;
    assert.ok(legal.satisfies(architecture));
    assert.equal(costs.madds, costOf(space, architecture).madds);

    const network = await runRetrain(config, architecture, { runDir: join(root, 'network') });
    assert.equal(network.images, 16);
    assert.ok(Number.isFinite(network.last.loss));
    assert.deepEqual(readRun(join(root, 'network'), 'retrain').architecture, [...architecture]);
  });
}
