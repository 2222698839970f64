import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SinglePathError } from '../../src/core/errors.js';
import { addon } from '../../src/runtime/addon.js';
import { Supernet } from '../../src/supernet/supernet.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { busy } from './busy.js';
import { changed } from './compare.js';
import { mixedSpace, twoPathsSpace } from './networks.js';
import { randomArchitectures, randomBatch, STEP } from './setup.js';

const helpers = JSON.stringify(new URL('./busy.js', import.meta.url).href);

interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a script in a fresh process; `kill` is sent once it has printed something. */
function run(body: string, kill?: NodeJS.Signals): Promise<Ended> {
  const script = `
    import { Worker } from 'node:worker_threads';
    import { addon, busy, dropoutSpace, mixedSpace, randomArchitectures, randomBatch, shuffleNetSpace, STEP, Supernet, twoPathsSpace } from ${helpers};
    const worker = (code) => new Worker(
      'const { parentPort, workerData } = require("node:worker_threads");' +
      'import(' + ${JSON.stringify(helpers)} + ').then(async ({ busy, dropoutSpace, randomBatch, STEP, Supernet, twoPathsSpace }) => {' + code + '})',
      { eval: true, execArgv: [] });
    ${body}`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL', // reported as such: a hang
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
    if (kill !== undefined) child.kill(kill);
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, stdout: stdout.trim(), stderr }));
  });
}

function assertEnded(
  { status, signal, stdout, stderr }: Ended,
  expected: number | NodeJS.Signals,
  output?: string,
): void {
  const wanted =
    typeof expected === 'number' ? { status: expected, signal: null } : { status: null, signal: expected };
  assert.deepEqual({ status, signal }, wanted, `${stdout}\n${stderr}`);
  if (output !== undefined) assert.equal(stdout, output, stderr);
}

const rejectsWith = (promise: Promise<unknown>, code: string) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof SinglePathError, String(error));
    assert.equal(error.code, code);
    return true;
  });

describe('the end of a process whose engine is busy', { concurrency: 2 }, () => {
  // libtorch's static destructors ran under the engine's feet: SIGSEGV or SIGABRT, 8 times of 8, until the engine
  // was stopped and joined in the 'exit' event (clean-up hooks alone come too late on the main thread).
  test('process.exit() keeps its code', async () => {
    for (let round = 0; round < 3; round++) assertEnded(await run('await busy(); process.exit(7);'), 7);
  });

  // The same destructors, reached another way.
  test('an uncaught error ends with 1 and is printed', async () => {
    const ended = await run(`await busy(); setTimeout(() => { throw new Error('boom'); });`);
    assertEnded(ended, 1);
    assert.match(ended.stderr, /boom/);
    const thrown = await run(`await busy(); throw new Error('at the top');`);
    assertEnded(thrown, 1);
    assert.match(thrown.stderr, /at the top/);
  });

  // A blocked main thread or a masked signal would leave the process running to the end of the evaluation.
  test('SIGINT and SIGTERM end it at once', async () => {
    const script = `const { work } = await busy(); console.log('busy'); await work;`;
    assertEnded(await run(script, 'SIGTERM'), 'SIGTERM');
    assertEnded(await run(script, 'SIGINT'), 'SIGINT');
  });

  // The handler of the command line: a process.exit() from a signal's callback, in the middle of native work.
  test('a signal handler may choose the code', async () => {
    const script = `
      process.once('SIGINT', () => process.exit(130));
      const { work } = await busy(); console.log('busy'); await work;`;
    assertEnded(await run(script, 'SIGINT'), 130);
  });

  // Work posted after the engine has stopped had nobody to reject its promise, or a stopped thread to wait for.
  test('work started in the exit event does not hang or crash', async () => {
    const script = `
      const { net, batch } = await busy();
      process.on('exit', () => { net.validate([batch], [0, 0, 0]).catch(() => {}); net.dispose(); });
      process.exit(3);`;
    assertEnded(await run(script), 3);
  });

  // An exception out of a callback from native code once ended in std::terminate, later in 'uncaughtException'.
  test('an error thrown by onProgress rejects the call', async () => {
    const script = `
      const space = twoPathsSpace();
      const batches = [randomBatch(space, 4, 1)];
      await new Supernet(space).evaluate([[0, 0]], {
        calibration: batches, validation: batches, onProgress: () => { throw new Error('in progress'); } })
        .catch((error) => console.log(error.message));
      await new Promise((resolve) => setTimeout(resolve, 200));`;
    assertEnded(await run(script), 0, 'in progress');
  });
});

describe('the end of an idle process', { concurrency: 2 }, () => {
  // A referenced thread-safe function keeps the event loop alive for ever.
  test('nothing is disposed: exit code 0, no hang', async () => {
    const script = `
      const space = twoPathsSpace();
      const net = new Supernet(space);
      const { images } = await net.step(randomBatch(space, 4, 1), [0, 1], STEP);
      console.log(images);`;
    assertEnded(await run(script), 0, '4');
  });

  // An unreferenced one lets it end with the promise open: code 13, or results that never come.
  test('a pending call keeps the process alive until it is answered', async () => {
    const script = `
      const space = shuffleNetSpace();
      const net = new Supernet(space);
      const batches = [randomBatch(space, 64, 1)];
      net.evaluate(randomArchitectures(space, 30, 1), { calibration: batches, validation: batches })
        .then(({ correct }) => console.log(correct.length));`;
    assertEnded(await run(script), 0, '30');
  });
});

describe('worker threads', { concurrency: 2 }, () => {
  // AsyncWorker aborted the process (exit code 134) when a worker was terminated with work in flight.
  test('terminate() with work in flight; the main thread goes on', async () => {
    const script = `
      for (let round = 0; round < 4; round++) {
        const thread = worker('const { work } = await busy(); parentPort.postMessage("busy"); await work;');
        await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
        await new Promise((resolve) => setTimeout(resolve, 7 * round));
        await thread.terminate();
      }
      const space = twoPathsSpace();
      console.log((await new Supernet(space).step(randomBatch(space, 4, 1), [0, 1], STEP)).images);`;
    assertEnded(await run(script), 0, '4');
  });

  // Settling promises of an environment that can no longer run JavaScript throws in the native callback.
  test('terminate() while promises settle by the hundred', async () => {
    const script = `
      const code = 'const space = twoPathsSpace(); const net = new Supernet(space); const batch = randomBatch(space, 2, 1);' +
        'parentPort.postMessage("go"); for (;;) await Promise.all(Array.from({ length: 50 }, (_, i) => net.step(batch, [i % 2, 0], STEP)));';
      for (let round = 0; round < 12; round++) {
        const thread = worker(code);
        await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
        await new Promise((resolve) => setTimeout(resolve, 2 * round));
        await thread.terminate();
      }
      console.log('alive');`;
    assertEnded(await run(script), 0, 'alive');
  });

  // process.exit() in a worker ends the worker only, and must wait for its engine.
  test('a worker that leaves with work in flight, and a process that leaves with busy workers', async () => {
    const script = `
      const leaving = worker('await busy(); process.exit(5);');
      console.log(await new Promise((resolve) => leaving.once('exit', resolve)));
      const threads = [1, 2].map(() => worker('const { work } = await busy(); parentPort.postMessage("busy"); await work;'));
      await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))));
      process.exit(6);`;
    assertEnded(await run(script), 6, '5');
  });

  // One random generator for the whole process: a step seeded it, a step of another worker drew from it.
  test('several workers at once compute what each computes alone, dropout included', async () => {
    const script = `
      const code = 'const space = dropoutSpace(); const net = new Supernet(space, { seed: 1 }); const batch = randomBatch(space, 8, 1);' +
        'parentPort.once("message", async () => { const logits = []; for (let i = 0; i < 60; i++) {' +
        'const result = await net.gradients(batch, [], { ...STEP, randomKey: [i, 1] }); logits.push(...result.logits.data); }' +
        'parentPort.postMessage(logits); parentPort.close(); }); parentPort.postMessage("ready");';
      const message = (thread) => new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
      const together = async (count) => {
        const threads = Array.from({ length: count }, () => worker(code));
        await Promise.all(threads.map(message));
        const answers = threads.map(message);
        for (const thread of threads) thread.postMessage('go');
        return Promise.all(answers);
      };
      const [alone] = await together(1);
      const all = await together(3);
      console.log(alone.length, all.filter((logits) => logits.every((value, i) => value === alone[i])).length);`;
    assertEnded(await run(script), 0, '480 3');
  });
});

describe('handles', () => {
  test('dispose() twice, and use after it', async () => {
    const space = twoPathsSpace();
    const net = new Supernet(space);
    const batch = randomBatch(space, 2, 1);
    net.dispose();
    net.dispose();
    await rejectsWith(net.step(batch, [0, 0], STEP), 'DISPOSED');
    await rejectsWith(net.evaluate([[0, 0]], { calibration: [batch], validation: [batch] }), 'DISPOSED');
    await rejectsWith(net.state(), 'DISPOSED');
    await rejectsWith(net.load([]), 'DISPOSED');

    using other = new Supernet(space);
    batch.dispose();
    batch.dispose();
    await rejectsWith(other.step(batch, [0, 0], STEP), 'DISPOSED');
    assert.throws(() => batch.size, { code: 'DISPOSED' });
    assert.throws(() => batch.images(), { code: 'DISPOSED' });
  });

  test('dispose() of a store rejects its calls, those under way too, and lets the process end', async () => {
    const { status, stdout } = await run(`
      const file = ${JSON.stringify(join(temporaryFolder(), 'store'))};
      const store = new (addon().Store)({ file, host: '', port: 0, server: false, worldSize: 1, timeoutMs: 30_000 });
      await store.open();
      const calls = ['a', 'b'].map((key) => store.get(key).catch(({ code }) => code));
      setTimeout(() => store.dispose(), 50);
      console.log(...(await Promise.all(calls)));`);
    assert.equal(stdout, 'DISPOSED DISPOSED');
    assert.equal(status, 0);
  });

  // Work that reaches into freed memory: the queue shares ownership of networks and batches.
  test('dispose() of network and batches while they are used: the work ends well', async () => {
    const space = mixedSpace();
    const paths = randomArchitectures(space, 20, 1);
    const net = new Supernet(space);
    const batches = [randomBatch(space, 16, 1), randomBatch(space, 16, 2)];
    const settings = { calibration: batches, validation: batches };
    const expected = await net.evaluate(paths, settings);
    const running = net.evaluate(paths, settings);
    const queued = net.step(batches, paths[0]!, STEP);
    net.dispose();
    for (const batch of batches) batch.dispose();
    assert.deepEqual((await running).loss, expected.loss);
    assert.equal((await queued).images, 32);
  });

  test('AbortSignal in the middle of an evaluation: ABORTED soon, and the supernet is as before', async () => {
    const controller = new AbortController();
    const { net, space, batch, work } = await busy(controller.signal);
    const state = net.state(); // waits its turn behind the evaluation
    const began = performance.now();
    controller.abort();
    await rejectsWith(work, 'ABORTED');
    assert.ok(performance.now() - began < 5000);
    using fresh = new Supernet(space);
    assert.deepEqual(changed(await fresh.state(), await state), []);
    const settings = { calibration: [batch], validation: [batch] };
    const path = [[1, 2, 3]];
    assert.deepEqual(await net.evaluate(path, settings), await fresh.evaluate(path, settings));
    await rejectsWith(net.recalibrate([batch], path[0]!, AbortSignal.abort()), 'ABORTED');
    assert.deepEqual(changed(await fresh.state(), await net.state()), []);
    net.dispose();
  });

  test('the event loop ticks while the engine is busy', async () => {
    const controller = new AbortController();
    const { net, work } = await busy(controller.signal);
    const pauses: number[] = [];
    let last = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now();
        pauses.push(now - last);
        last = now;
        if (pauses.length < 40) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    controller.abort();
    await rejectsWith(work, 'ABORTED');
    net.dispose();
    // A blocked loop pauses for seconds; a busy machine for a few tens of milliseconds now and then.
    const median = pauses.toSorted((a, b) => a - b)[pauses.length / 2]!;
    assert.ok(median < 50, `a 5 ms timer ticks every ${median.toFixed(0)} ms`);
  });

  test('disposed batches and networks leave no handle and no byte behind', async () => {
    const space = mixedSpace();
    const live = () => ({ ...addon().memory().handles });
    const before = { Batch: 0, Network: 0, ...live() };
    const allocated: number[] = [];
    for (let round = 0; round < 30; round++) {
      using net = new Supernet(space);
      const batches = [1, 2, 3].map((seed) => randomBatch(space, 64, seed)); // 48 KiB each: cacheable
      await net.step(batches, randomArchitectures(space, 1, round)[0]!, STEP);
      assert.equal(live().Batch, before.Batch + 3);
      assert.equal(live().Network, before.Network + 1);
      for (const batch of batches) batch.dispose();
      allocated.push(addon().memory().allocated);
    }
    const { Batch, Network } = live();
    assert.deepEqual({ Batch, Network }, { Batch: before.Batch, Network: 0 });
    assert.equal(addon().memory().cached, 0, 'the last network hands free memory back');
    assert.ok(Math.max(...allocated.slice(5)) <= Math.max(...allocated.slice(0, 5)), allocated.join(' '));
  });

  // Handles that V8 cannot see the size of pile up: 400 tensors of 2 MB grew a process by 842 MB.
  test('memory stays flat: 1,000 steps on random paths, and batches left to the garbage collector', async () => {
    const script = `
      const space = mixedSpace();
      const net = new Supernet(space);
      const paths = randomArchitectures(space, 1200, 1);
      const batch = randomBatch(space, 16, 1);
      const rss = () => { globalThis.gc(); return process.memoryUsage.rss() / 2 ** 20; };
      for (const path of paths.slice(0, 200)) await net.step(batch, path, STEP);
      const before = rss();
      for (const path of paths.slice(200)) await net.step(batch, path, STEP);
      const steps = rss() - before;
      const images = new Float32Array(2 ** 19);
      for (let i = 0; i < 300; i++) {
        new (addon().Batch)({ images, shape: [1, 8, 256, 256], labels: [0] }); // 2 MiB
        if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      console.log(JSON.stringify({ steps, batches: process.memoryUsage.rss() / 2 ** 20 - before }));`;
    const ended = await run(script);
    assertEnded(ended, 0);
    const { steps, batches } = JSON.parse(ended.stdout) as { steps: number; batches: number };
    assert.ok(steps < 12, `1,000 steps grew by ${steps.toFixed(1)} MiB`);
    assert.ok(batches < 250, `300 batches of 2 MiB grew by ${batches.toFixed(0)} MiB`);
  });
});
