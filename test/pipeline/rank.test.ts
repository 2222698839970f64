import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { meanOf } from '../../src/core/statistics.js';
import { runRank } from '../../src/pipeline/runRank.js';
import { readRun } from '../../src/pipeline/runs/runs.js';
import { runTrain } from '../../src/pipeline/runTrain.js';
import { openScorer } from '../../src/pipeline/search/openScorer.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';

const config = loadConfig({
  files: [join(packageRoot(), 'configs', 'small', 'nas-bench-macro.yaml')],
  set: [
    ...['space.size=8', 'data.trainImages=100', 'data.testImages=16', 'data.heldOut=40'],
    ...['train.steps=6', 'train.batchSize=8', 'evaluate.naswotImages=0', 'evaluate.calibrationImages=16'],
  ],
});
const onSkipped = (error: Error) => assert.fail(error);

test('a network may be ranked by the mean over its architectures', { skip: withoutAddon() }, async () => {
  const supernet = join(temporaryFolder(), 'supernet');
  await runTrain(config, { runDir: supernet });
  // Layers 3 and 4 have one shape: which of them has the block makes no difference to the network, but to a supernet.
  const [first, second] = ['01001122', '01010122'];
  const truth = [first, '11111111'].map((architecture, accuracy) => ({ architecture, accuracy }));
  const rank = async (averageEquivalents: boolean) => {
    const { networks } = await runRank(config, { supernet, truth, averageEquivalents, onSkipped });
    return networks.map(({ scores }) => ({ accuracy: scores.supernet!, loss: -scores['supernet loss']! }));
  };
  await using scorer = await openScorer(config, openSpace(config.space), readRun(supernet, 'train'), {
    onSkipped,
  });
  const members = await scorer.evaluate(
    [first, second].map((genes) => [...genes].map(Number)),
    {},
  );
  assert.notEqual(members[0]!.loss, members[1]!.loss);
  const [mean, alone] = await rank(true);
  assert.equal(mean!.accuracy, meanOf(members.map(({ accuracy }) => accuracy)));
  assert.equal(mean!.loss, meanOf(members.map(({ loss }) => loss!)));
  const plain = await rank(false);
  assert.ok(members.some(({ loss }) => loss === plain[0]!.loss));
  assert.deepEqual(alone, plain[1], 'of one architecture alone');
});

test('what needs a supernet is refused without one, and so are numbers that count nothing', async () => {
  const truth = [{ architecture: '00000000', accuracy: 1 }];
  const failure = (control: object, message: RegExp) =>
    assert.rejects(runRank(config, { truth, onSkipped, ...control }), { code: 'INVALID_ARGUMENT', message });
  await failure({ search: 'nowhere' }, /Expected a supernet for runRank\(\) with search/);
  await failure({ averageEquivalents: true }, /Expected a supernet for runRank\(\) with averageEquivalents/);
  await failure({ sample: -10 }, /positive whole number for sample of runRank\(\)/);
  await failure({ topK: 0 }, /positive whole number for topK of runRank\(\)/);
});
