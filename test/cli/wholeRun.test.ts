import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { type AllControl, runAll, type Stage } from '../../src/pipeline/runAll.js';
import { readEvents } from '../../src/run/events.js';
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
          runDir,
          resume: true,
          signal: stop.signal,
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

  it('tells what its stages tell', async () => {
    const folder = temporaryFolder();
    const { config: file } = writeTiny(folder);
    const config = loadConfig({
      files: [file],
      set: ['distributed={reproducible: true, shards: 2}', 'search.generations=0'],
    });
    const notices: string[] = [];
    const control: AllControl = {
      runDir: join(folder, 'whole'),
      onSkipped: (error) => assert.fail(error),
      onNotice: (message) => notices.push(message),
    };
    await runAll(config, control);
    const shares = notices.filter((message) => message.startsWith('1 ranks: 16 images a step'));
    assert.equal(shares.length, 2, `of the supernet and of the network: ${notices.join('; ')}`);
  });

  it('is not shared between processes', () => {
    const shared: 'group' extends keyof AllControl ? true : false = false;
    assert.ok(!shared);
  });

  it('only reads the stages that are finished, and needs no images for them', async () => {
    const folder = temporaryFolder();
    const { config } = writeTiny(folder);
    const [images, gone] = [join(folder, 'images'), join(folder, 'gone')];
    cpSync(join(packageRoot(), 'data', 'fashion-mnist-mini'), images, { recursive: true });
    const run = (...args: string[]) => singlepath(['run', '-d', 'whole', '--json', ...args], { cwd: folder });
    const first = await run('-c', config, '--set', `data.path=${images}`, '--set', 'search.generations=0');
    assert.equal(first.code, 0, first.stderr);
    const at = (...path: string[]) => join(folder, 'whole', ...path);
    /** Every file of the stages, and when it was written. */
    const stages = () =>
      ['supernet', 'search', 'network', 'export'].flatMap((stage) =>
        readdirSync(at(stage), { recursive: true, encoding: 'utf8' })
          .sort()
          .map((name) => [stage, name, statSync(at(stage, name)).mtimeMs]),
      );
    const [before, bytes] = [stages(), readFileSync(at('result.json'), 'utf8')];
    assert.ok(!bytes.includes(folder), 'its paths count from the run directory');

    renameSync(images, gone);
    const again = await run('--resume');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout), JSON.parse(first.stdout));
    assert.deepEqual(stages(), before);
    assert.equal(readFileSync(at('result.json'), 'utf8'), bytes);

    // More generations are work, and images that have moved are noted wherever they are used.
    const more = ['--resume', '--set', 'search.generations=1'];
    const lost = await run(...more);
    assert.match(lost.stderr, /Expected a data file at '.*images/);
    const longer = await run(...more, '--set', `data.path=${gone}`);
    assert.equal(longer.code, 0, longer.stderr);
    assert.equal(JSON.parse(longer.stdout).evaluated, 4);
    assert.equal((await singlepath(['evaluate', at('network')])).code, 0);

    // One that is stopped while it goes on is not finished, whatever its first result says.
    const events = at('search', 'events.jsonl');
    appendFileSync(events, `${JSON.stringify({ type: 'resumed', step: 2 })}\n`);
    assert.equal((await run('--resume')).code, 0);
    assert.deepEqual(
      readEvents(events)
        .slice(-2)
        .map(({ type }) => type),
      ['resumed', 'finished'],
    );

    // A network that is not the winner's, since the search went on, stays; the error says how to go on.
    const header = JSON.parse(readFileSync(at('network', 'run.json'), 'utf8'));
    const other = header.identity.architecture.map((choice: number) => 1 - choice);
    const identity = { ...header.identity, architecture: other };
    writeFileSync(at('network', 'run.json'), JSON.stringify({ ...header, identity }));
    const former = await run('--resume');
    assert.equal(former.code, 2);
    assert.match(former.stderr, /but it is that of its former winner, .*\nhint: rename the folder/);
    renameSync(at('network'), at('former'));
    assert.equal((await run('--resume')).code, 0);
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
