import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import type { DoctorReport } from '../../src/runtime/doctor.js';

const main = join(packageRoot(), 'dist', 'src', 'cli', 'main.js');

/** Threads chosen by a process started with `prefix` in front of its command. */
function threads(...prefix: string[]): number {
  const [program, ...args] = [...prefix, process.execPath, main, 'doctor', '--json'];
  const { OMP_NUM_THREADS: _, ...env } = process.env;
  const report = JSON.parse(execFileSync(program!, args, { env, encoding: 'utf8' })) as DoctorReport;
  return report.addon.native!.threads;
}

/** A control group with a quota in microseconds of 100,000, around an inner one without; undefined where not allowed. */
function group(quota: number): { inner: string; remove(): void } | undefined {
  const versions: [string, Record<string, string>][] = [
    ['/sys/fs/cgroup/cpu', { 'cpu.cfs_quota_us': `${quota}`, 'cpu.cfs_period_us': '100000' }],
    ['/sys/fs/cgroup', { 'cpu.max': `${quota} 100000` }],
  ];
  for (const [root, files] of versions) {
    const outer = join(root, `singlepath-test-${process.pid}`);
    const inner = join(outer, 'inner');
    const remove = () => {
      for (const folder of [inner, outer]) {
        try {
          rmdirSync(folder);
        } catch {} // not made
      }
    };
    try {
      mkdirSync(inner, { recursive: true });
      for (const [name, value] of Object.entries(files))
        writeFileSync(join(outer, name), value, { flag: 'r+' });
      return { inner, remove };
    } catch {
      remove();
    }
  }
  return undefined;
}

test('threads: the affinity mask is respected', { skip: process.platform !== 'linux' }, () => {
  assert.equal(threads('taskset', '-c', '0'), 1);
});

test('threads: the quota of a control group around the process is respected', (context) => {
  if (availableParallelism() < 2) return context.skip('one processor');
  const limited = group(50_000);
  if (limited === undefined) return context.skip('control groups cannot be made here');
  try {
    const enter = `echo $$ > ${limited.inner}/cgroup.procs && exec "$@"`;
    assert.equal(threads('sh', '-c', enter, 'sh'), 1);
    assert.ok(threads() > 1);
  } finally {
    limited.remove();
  }
});
