import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { runAll, type Stage } from '../../src/pipeline/runAll.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { assertJson } from './jsonSchema.js';
import { withoutAddon } from './native.js';
import { singlepath } from './run.js';
import { writeTiny } from './tiny.js';

const FINALISTS = ['search.finalists=2', 'search.trial.epochs=1', 'search.trial.batchSize=16'];

describe('singlepath run', { skip: withoutAddon() }, () => {
  it('goes from a configuration to an exported network in one folder', async () => {
    const folder = temporaryFolder();
    const { config } = writeTiny(folder);
    const runDir = join(folder, 'whole');
    const set = FINALISTS.flatMap((one) => ['--set', one]);
    const { code, stdout, stderr } = await singlepath(['run', '-c', config, ...set, '-d', runDir, '--json']);
    assert.equal(code, 0, stderr);
    const result = JSON.parse(stdout);
    assertJson('run', result);
    for (const [i, stage] of ['supernet', 'search', 'network', 'export'].entries()) {
      assert.match(stderr, new RegExp(`stage ${i + 1} of 4: ${stage}, in `));
      assert.ok(existsSync(join(runDir, stage)));
    }
    const { finalists } = JSON.parse(readFileSync(join(runDir, 'search', 'result.json'), 'utf8'));
    assert.deepEqual(result.winner.architecture, finalists[0].architecture);
    assert.ok(existsSync(join(runDir, 'export', 'network.torchscript.pt')));

    // A finished one is read; a second one does not write over it; its parts are what other commands take.
    const again = await singlepath(['run', '-d', runDir, '--resume', '--json']);
    assert.deepEqual(JSON.parse(again.stdout), result);
    const other = await singlepath(['run', '-c', config, '-d', runDir]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /already holds this run\nhint: continue it with --resume/);
    const whole = await singlepath(['evaluate', runDir]);
    assert.match(
      whole.stderr,
      /it is one of run\nhint: its parts are run directories: supernet, search and network/,
    );
    assert.equal((await singlepath(['evaluate', join(runDir, 'network')])).code, 0);
  });

  it('stopped in any stage, goes on to the same result', async () => {
    const folder = temporaryFolder();
    const { config: file } = writeTiny(folder);
    const config = loadConfig({ files: [file], set: FINALISTS });
    const resultOf = async (stopIn: readonly Stage[]) => {
      const runDir = join(folder, `stopped-${stopIn.join('-')}`);
      for (const stopAt of [...stopIn, undefined]) {
        const stop = new AbortController();
        const run = runAll(config, {
          ...{ runDir, resume: true, signal: stop.signal },
          onSkipped: (error) => assert.fail(error),
          onStage: (stage) => stage === stopAt && stop.abort(),
        });
        if (stopAt !== undefined) await assert.rejects(run, { code: 'ABORTED' });
        else {
          const { result } = await run;
          const { export: exported, ...rest } = result;
          return { ...rest, parity: exported.parity };
        }
      }
    };
    assert.deepEqual(await resultOf(['supernet', 'search', 'network']), await resultOf([]));
  });

  it('refuses what a later stage would refuse, before anything is trained', async () => {
    const folder = temporaryFolder();
    const { config } = writeTiny(folder);
    for (const [set, message] of [
      ['data.heldOut=0', /data\.heldOut > 0: candidates are scored on held-out images/],
      [
        'search.calibrate=3',
        /at least 7, the terms of the score model, for search\.calibrate but received 3/,
      ],
      ['search.constraints=[madds<=1]', /madds/],
      ['search.finalists=5', /at most the candidates of the search, population x \(generations \+ 1\) = 4/],
    ] as const) {
      const runDir = join(folder, 'none');
      const { code, stderr } = await singlepath(['run', '-c', config, '-d', runDir, '--set', set]);
      assert.ok(code === 2 || code === 4, stderr);
      assert.match(stderr, message);
      assert.ok(!existsSync(runDir) || readdirSync(runDir).length === 0);
    }
    const { stderr } = await singlepath(['run']);
    assert.match(stderr, /Expected space\.name or space\.file/);
  });
});
