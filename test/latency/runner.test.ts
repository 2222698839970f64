import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Script } from '../../src/export/script.js';
import { RunnerSession } from '../../src/latency/device/runner.js';
import type { JobResult } from '../../src/latency/device/session.js';
import { pathRows, spaceRows } from '../../src/latency/rows.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { withoutAddon } from '../cli/native.js';

const space = getSpace('nas-bench-macro');
const settings = { runtime: 'runner', threads: 0, batch: 1, dtype: 'fp32', device: 'board' } as const;

async function run(command: string, pattern?: string, timeout = 20): Promise<JobResult> {
  await using session = new RunnerSession({ ...settings, command, pattern });
  const blocks = spaceRows(space).rows.map(({ block }) => block);
  const stop = { warmUpSeconds: 0, warmUpCalls: 0, samples: 1, tolerance: 1, maxSeconds: 0, timeout };
  for await (const result of session.run(
    { blocks, stop, jobs: [{ seq: 3, blocks: [0], timers: false }] },
    {},
  ))
    return result;
  throw new Error('no result');
}

describe('a runner', { skip: withoutAddon() }, () => {
  it('gets a file and prints milliseconds in its last line, or a time with its unit', async () => {
    assert.deepEqual(await run('test -s {torchscript} && echo warming up && echo 1.5'), {
      seq: 3,
      status: 'ok',
      totals: [1.5e6],
    });
    assert.equal((await run('test -s {onnx} && test -s {torchscript} && echo 2')).status, 'ok');
    assert.deepEqual((await run('echo "mean 850.5 us" # {torchscript}')).totals, [850_500]);
    assert.deepEqual(
      (await run('echo "latency: 3 ms; done" # {torchscript}', 'latency: ([0-9.]+) ms')).totals,
      [3e6],
    );
    assert.deepEqual(
      (await run('printf "a\\nt=7ns\\nb" # {torchscript}', 't=(?<value>\\d+)(?<unit>ns)')).totals,
      [7],
    );
  });

  it('that fails, prints nothing or nonsense, or hangs is the status of the row', async () => {
    for (const [command, what] of [
      ['echo broken >&2; exit 3 # {torchscript}', /exit code 3 \(broken\)/],
      ['true {torchscript}', /printed nothing/],
      ['echo fast # {torchscript}', /printed no time but 'fast'/],
      ['echo 0 # {torchscript}', /printed no time but '0'/],
      ['echo -1 # {torchscript}', /printed no time but '-1'/],
      ['echo nan # {torchscript}', /printed no time but 'nan'/],
      ['echo mean 12,345 ms # {torchscript}', /printed no time but 'mean 12,345 ms'/],
    ] as const) {
      const { status, error, totals } = await run(command);
      assert.deepEqual([status, totals], ['failed', []], command);
      assert.match(error!, what);
    }
    const { status, error } = await run('sleep 60; echo {torchscript}', undefined, 0.3);
    assert.equal(status, 'timeout');
    assert.match(error!, /did not end within 0.3 s/);
  });

  it('gets a file that libtorch runs', async () => {
    const { writeFileSync } = await import('node:fs');
    const { temporaryFolder } = await import('../temporaryFolder.js');
    const { join } = await import('node:path');
    const { torchscriptOf } = await import('../../src/latency/device/networkFiles.js');
    const { addon } = await import('../../src/runtime/addon.js');
    const { rows } = spaceRows(space);
    const whole = pathRows(
      space,
      space.genes.map(() => 2),
    ).map((row) => rows[row]!.block);
    const path = join(temporaryFolder(), 'network.pt');
    writeFileSync(path, await torchscriptOf(whole));
    using script = await Script.load(path);
    const shape: [number, number, number, number] = [2, 3, 32, 32];
    const batch = new (addon().Batch)({
      images: new Float32Array(2 * 3 * 32 * 32).fill(0.5),
      shape,
      labels: [0, 0],
    });
    const logits = await script.forward(batch);
    batch.dispose();
    assert.deepEqual(logits.shape, [2, 10]);
    // Values that fade away or explode would be another speed.
    assert.ok(logits.data.every((value) => Number.isFinite(value) && Math.abs(value) < 1e3));
  });
});

it('command and pattern are the environment of its tables', async () => {
  const command = 'bench.sh {onnx}';
  for (const pattern of [undefined, 't=([0-9.]+)']) {
    await using session = new RunnerSession({ ...settings, command, pattern });
    const { runtimeVersion, runnerPattern } = await session.environment();
    assert.deepEqual([runtimeVersion, runnerPattern], [command, pattern]);
  }
});

it('a command without a file, an unknown one and a broken pattern are refused', () => {
  const open = (command: string, pattern?: string) => new RunnerSession({ ...settings, command, pattern });
  assert.throws(() => open('bench.sh'), /Expected {torchscript} or {onnx}/);
  assert.throws(() => open('bench.sh {tflite}'), /Expected {torchscript} or {onnx}/);
  assert.throws(() => open('bench.sh {torchscript}', '('), /--runner-pattern/);
});
