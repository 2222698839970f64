import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { datasetFromArrays, openDataset } from '../../src/data/open.js';
import { addon } from '../../src/runtime/addon.js';

const open = new URL('../../src/data/open.js', import.meta.url).href;

/** Runs a script in a fresh process and gives its exit code, signal and output. */
function run(body: string) {
  const script = `import { openDataset } from ${JSON.stringify(open)};
const dataset = await openDataset({ kind: 'synthetic', trainImages: 2000 }, { split: 'train' });
const loader = dataset.loader({ batchSize: 4, threads: 4, prefetch: 64, augment: { cropPadding: 3, flip: true } });
${body}`;
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  return { status, signal, stdout: stdout.trim(), stderr };
}

test('a process ends although a loader prefetches', () => {
  const { status, signal, stdout, stderr } = run(`
    const batches = loader.epoch(0);
    await batches.next();
    console.log('done');`);
  assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: 'done' }, stderr);
});

test('a batch that no memory holds is an error, and the process goes on', () => {
  const { status, signal, stdout, stderr } = run(`
    const large = await openDataset(
      { kind: 'arrays', train: { pixels: new Uint8Array(2 ** 24), shape: [1, 1, 4096, 4096], labels: [0] } },
      { split: 'train' },
    );
    for (const batchSize of [2 ** 23, 2 ** 23 + 1]) {
      for (const threads of [1, 4]) {
        const loader = large.loader({ batchSize, threads, prefetch: 1, indices: new Uint32Array(batchSize) });
        await loader.epoch(0).next().then(
          () => console.log('a batch'),
          (error) => console.log(error.code),
        );
        loader.dispose();
      }
    }`);
  const codes = ['OUT_OF_MEMORY', 'OUT_OF_MEMORY', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'];
  assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: codes.join('\n') }, stderr);
});

test('a waiting next() keeps the process alive until it is answered', () => {
  const { status, stdout, stderr } = run(`
    void (async () => {
      let images = 0;
      for await (const batch of loader.epoch(0)) images += batch.size;
      console.log(images);
    })();`);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: '2000' }, stderr);
});

test('process.exit() and an uncaught error in the middle of prefetching', () => {
  for (let round = 0; round < 3; round++) {
    const exit = run(
      `const batches = loader.epoch(${round}); await batches.next(); batches.next(); process.exit(7);`,
    );
    assert.deepEqual([exit.status, exit.signal], [7, null], exit.stderr);
    const thrown = run(
      `const batches = loader.epoch(0); await batches.next(); batches.next(); throw new Error('boom');`,
    );
    assert.deepEqual([thrown.status, thrown.signal], [1, null], thrown.stderr);
    assert.match(thrown.stderr, /boom/);
  }
});

test('a worker thread may end or be terminated while it loads', () => {
  const { status, signal, stdout, stderr } = run(`
    import { Worker } from 'node:worker_threads';
    const code = (end) => \`
      const { parentPort } = require('node:worker_threads');
      import(${JSON.stringify(open)}).then(async ({ openDataset }) => {
        const dataset = await openDataset({ kind: 'synthetic', trainImages: 500 }, { split: 'train' });
        const loader = dataset.loader({ batchSize: 4, threads: 3, prefetch: 64 });
        void openDataset({ kind: 'synthetic', trainImages: 5000 }, { split: 'train' }); // a decode in flight, too
        for await (const batch of loader.from(0)) { parentPort.postMessage('batch'); \${end} }
      });\`;
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(code(''), { eval: true, execArgv: [] });
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
      const leaving = new Worker(code('process.exit(0);'), { eval: true, execArgv: [] });
      await new Promise((resolve) => leaving.once('exit', resolve));
    }
    console.log('alive');`);
  assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: 'alive' }, stderr);
});

test('the event loop runs on while a data set is decoded and batches are made', async () => {
  addon(); // mapping libtorch takes its time, once
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  const began = performance.now();
  using dataset = await openDataset(
    { kind: 'synthetic', shape: [3, 96, 96], trainImages: 2500 },
    { split: 'train' },
  );
  using loader = dataset.loader({ batchSize: 300, augment: { cropPadding: 8, flip: true } });
  for await (const batch of loader.epoch(0)) batch.dispose();
  const all = performance.now() - began;
  clearInterval(timer);
  assert.ok(longest < all / 2, `longest pause ${longest.toFixed(0)} ms of ${all.toFixed(0)} ms`);
});

test('handles are freed however an iteration ends, and with the last view of a data set', async () => {
  const live = (name: string) => addon().memory().handles[name] ?? 0;
  const before = ['Dataset', 'Loader', 'Batch'].map(live);
  const dataset = await openDataset({ kind: 'synthetic' }, { split: 'train' });
  const view = dataset.take(100);
  dataset.dispose();
  const loader = view.loader({ batchSize: 10 });
  for await (const batch of loader.epoch(0)) batch.dispose();
  for await (const batch of loader.epoch(0)) {
    batch.dispose();
    break;
  }
  const failing = (async () => {
    for await (const batch of loader.epoch(0)) {
      batch.dispose();
      throw new Error('in the loop');
    }
  })();
  await assert.rejects(failing, /in the loop/);
  assert.deepEqual([live('Dataset'), live('Loader')], [before[0]! + 1, before[1]]);
  view.dispose();
  assert.deepEqual(['Dataset', 'Loader', 'Batch'].map(live), before);
});

test('memory stays flat over many batches that are disposed, and freed with the data set', async () => {
  const shape: [number, number, number, number] = [256, 3, 64, 64];
  const pixels = new Uint8Array(256 * 3 * 64 * 64);
  using dataset = await datasetFromArrays({ pixels, shape, labels: new Int32Array(256) });
  using loader = dataset.loader({ batchSize: 64, shuffle: true });
  let step = 0;
  let before = 0;
  for await (const batch of loader.from(0)) {
    batch.dispose();
    step++;
    if (step === 100) before = process.memoryUsage().rss;
    if (step === 1500) break; // 1.1 GB of batches
  }
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

test('arguments of another kind are named: a call without options is one', async () => {
  const pixels = new Uint8Array(2);
  using dataset = await datasetFromArrays({ pixels, shape: [2, 1, 1, 1], labels: [0, 1] });
  const wrong = { code: 'INVALID_ARGUMENT' };
  const none = undefined as never;
  assert.throws(() => dataset.loader(none), wrong);
  await assert.rejects(dataset.batches(none), wrong);
  assert.throws(() => dataset.subset(none), wrong);
  assert.throws(() => dataset.loader({ batchSize: 1, indices: 1 as never }), wrong);
});
