import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadOnnxRuntime } from '../../src/export/onnxNetwork.js';
import { LocalSession } from '../../src/latency/device/local.js';
import { chainNetwork } from '../../src/latency/device/network.js';
import { OnnxRuntimeSession } from '../../src/latency/device/onnxruntime.js';
import type { JobResult, Plan, RunSettings } from '../../src/latency/device/session.js';
import { identityOf, kernelsOf } from '../../src/latency/environment.js';
import { pathRows, spaceRows } from '../../src/latency/rows.js';
import { addon } from '../../src/runtime/addon.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import type { SearchSpace } from '../../src/space/types.js';
import { describeNetwork } from '../../src/supernet/description.js';
import { withoutAddon } from '../cli/native.js';
import { twoTypesSpace } from '../native/networks.js';

const stop = { warmUpSeconds: 0, warmUpCalls: 1, samples: 5, tolerance: 1, maxSeconds: 0, timeout: 60 };

async function run(
  space: SearchSpace,
  jobs: Plan['jobs'],
  settings: Partial<RunSettings & { runtime: 'singlepath' | 'torchscript' }> = {},
): Promise<JobResult[]> {
  await using session = new LocalSession({
    runtime: 'singlepath',
    threads: 1,
    batch: 2,
    dtype: 'fp32',
    ...settings,
  });
  const blocks = spaceRows(space).rows.map(({ block }) => block);
  const results: JobResult[] = [];
  for await (const result of session.run({ blocks, stop, jobs }, {})) results.push(result);
  return results;
}

const rootMeanSquare = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

const everyRow = (space: SearchSpace) =>
  spaceRows(space).rows.map((_, row) => ({ seq: row, blocks: [row], timers: false }));

describe('this machine', { skip: withoutAddon() }, () => {
  // Shuffle blocks, residuals, groups, quantizers with pooling, identity: what the block compiler takes and what it leaves.
  const spaces = ['spos-shufflenet-v2-28', 'nas-bench-macro'].map((name) => getSpace(name));
  const others = [
    getSpace('fbnet', { size: 32, classes: 10 }),
    getSpace('spos-resnet18-mixed-cifar', {
      pairs: [
        [2, 2],
        [32, 32],
      ],
    }),
    twoTypesSpace(),
  ];

  for (const [runtime, dtype] of [
    ['singlepath', 'fp32'],
    ['singlepath', 'bf16'],
    ['torchscript', 'fp32'],
  ] as const) {
    it(`times every kind of block with ${runtime} in ${dtype}`, async () => {
      for (const space of runtime === 'singlepath' ? [...spaces, ...others] : spaces.slice(1)) {
        for (const { status, error, totals } of await run(space, everyRow(space), { runtime, dtype })) {
          assert.equal(status, 'ok', `${space.name}: ${error}`);
          assert.ok(totals.length >= 5 && totals.every((ns) => ns >= 0 && Number.isInteger(ns)));
        }
      }
    });
  }

  for (const [dtype, largest] of [
    ['fp32', 1e-4],
    ['bf16', 0.05],
  ] as const) {
    it(`times what computes the right thing in ${dtype}: folded blocks against op by op, unfolded, in fp32`, async () => {
      for (const space of [...spaces, ...others, getSpace('mobilenet-v3', { size: 32, classes: 10 })]) {
        const stopwatch = new (addon().Stopwatch)({
          device: 'cpu',
          kernels: 'fused',
          precision: dtype,
          batch: 2,
        });
        for (const { key, block } of spaceRows(space).rows) {
          // A value at the edge of a level may take the one beside it, which moves what its windows reach: with levels a
          // few windows may differ, while most values agree.
          const levels = /Quantizer|fakeQuantize/.test(key);
          if (levels && dtype === 'bf16') continue;
          const description = describeNetwork(chainNetwork([block]));
          const { deployed, reference } = await stopwatch.outputs(
            await stopwatch.addBlock(description, block.input),
          );
          assert.equal(deployed.length, reference.length);
          const size = rootMeanSquare(reference);
          const differences = deployed.map((value, i) => Math.abs(value - reference[i]!)).sort();
          const error = rootMeanSquare(differences) / size;
          assert.ok(error < (levels ? 0.1 : largest), `${space.name} ${key}: ${error}`);
          const quarter = differences[differences.length >> 2]! / size;
          assert.ok(
            quarter < largest,
            `${space.name} ${key}: a quarter of all values differs by up to ${quarter}`,
          );
        }
        stopwatch.dispose();
      }
    });
  }

  it('times rows and networks with onnxruntime, where it is installed', async (t) => {
    const settings = { runtime: 'onnxruntime', threads: 1, batch: 2, dtype: 'fp32' } as const;
    if ((await loadOnnxRuntime()) === undefined) {
      await assert.rejects(
        OnnxRuntimeSession.open(settings),
        /npm install|Expected a package that runs ONNX files/,
      );
      return t.skip('onnxruntime is not installed');
    }
    const [, macro] = spaces as [SearchSpace, SearchSpace];
    if ((await loadOnnxRuntime())!.name === 'onnxruntime-web')
      await assert.rejects(OnnxRuntimeSession.open({ ...settings, threads: 2 }), /computes with one thread/);
    await using session = await OnnxRuntimeSession.open(settings);
    assert.match((await session.environment()).runtimeVersion, /^onnxruntime-\w+ \d/);
    const whole = {
      seq: 99,
      blocks: pathRows(
        macro,
        macro.genes.map(() => 2),
      ),
      timers: false,
    };
    const blocks = spaceRows(macro).rows.map(({ block }) => block);
    for await (const { status, error, totals } of session.run(
      { blocks, stop, jobs: [...everyRow(macro), whole] },
      {},
    )) {
      assert.equal(status, 'ok', error);
      assert.ok(totals.length >= 5);
    }
  });

  it('times the blocks of a path, one that comes twice included', async () => {
    const [space] = spaces as [SearchSpace];
    const chain = pathRows(
      space,
      space.genes.map(() => 0),
    );
    assert.ok(new Set(chain).size < chain.length);
    const [result] = await run(space, [{ seq: 7, blocks: chain, timers: true }]);
    assert.equal(result!.seq, 7);
    assert.equal(result!.blocks!.length, chain.length);
    assert.ok(result!.blocks!.every((times) => times.length >= 5 && times.every((ns) => ns > 0)));
  });

  it('says where it is, gives threads back and frees what it held', async () => {
    const [threads, handles] = [addon().threads(), addon().memory().handles.Stopwatch ?? 0];
    const settings = { runtime: 'singlepath', threads: 1, batch: 1, dtype: 'bf16' } as const;
    {
      await using session = new LocalSession(settings);
      const environment = await session.environment();
      assert.deepEqual([environment.threads, environment.batch, environment.dtype], [1, 1, 'bf16']);
      assert.match(environment.runtimeVersion, /libtorch \d/);
      assert.ok(environment.affinity.length > 0 && environment.device !== '');
      assert.equal(addon().threads(), 1);
    }
    const identities: unknown[] = [];
    for (const kernels of ['fused', 'aten'] as const) {
      await using session = new LocalSession({ ...settings, kernels });
      const environment = await session.environment();
      assert.equal(kernelsOf(environment), kernels);
      identities.push(identityOf(environment));
    }
    assert.notDeepEqual(
      identities[1],
      identities[0],
      'one journal or table is not gone on with by the other',
    );
    assert.equal(addon().threads(), threads);
    assert.equal(addon().memory().handles.Stopwatch, handles);
  });

  it('stops when it is told to, and refuses a chain of nothing', async () => {
    const [space] = spaces as [SearchSpace];
    await using session = new LocalSession({ runtime: 'singlepath', threads: 1, batch: 1, dtype: 'fp32' });
    const blocks = spaceRows(space).rows.map(({ block }) => block);
    const controller = new AbortController();
    const jobs = [0, 1, 2].map((seq) => ({ seq, blocks: [seq], timers: false }));
    const seen: number[] = [];
    await assert.rejects(
      async () => {
        for await (const { seq } of session.run({ blocks, stop, jobs }, { signal: controller.signal })) {
          seen.push(seq);
          controller.abort();
        }
      },
      { code: 'ABORTED' },
    );
    assert.deepEqual(seen, [0]);
    for await (const { status, error } of session.run(
      { blocks, stop, jobs: [{ seq: 0, blocks: [], timers: false }] },
      {},
    )) {
      assert.equal(status, 'failed');
      assert.match(error!, /at least one block/);
    }
  });
});
