import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { addonFile, builtAddon } from '../../src/runtime/addon.js';
import { type DoctorReport, doctorReport, formatDoctor } from '../../src/runtime/doctor.js';

function doctor(root: string, ...options: string[]): Promise<{ code: number; stdout: string }> {
  const env = { ...process.env, SINGLEPATH_ADDON: '' }; // as if it were not set
  return new Promise((resolve) => {
    const main = join(root, 'dist', 'src', 'cli', 'main.js');
    execFile(process.execPath, [main, 'doctor', ...options], { env }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout });
    });
  });
}

test('doctor prints what a bug report needs', async () => {
  const { code, stdout } = await doctor(packageRoot(), '--json');
  assert.equal(code, 0);
  const report = JSON.parse(stdout) as DoctorReport;
  assert.equal(report.node, process.version);
  const { native } = report.addon;
  assert.ok(native !== null);
  assert.match(native.versions.torch, /^\d+\.\d+\.\d+/);
  assert.ok(native.devices.some(({ name }) => name === 'cpu'));
  assert.ok(native.cpu.available.includes(native.cpu.isa));
  assert.ok(native.threads >= 1);
  assert.match(report.tools.cmake!, /^cmake version/);
  const embedded = report.datasets.find(({ path }) => path.endsWith('fashion-mnist-mini'));
  assert.equal(embedded?.found, true);
});

test('without the addon doctor still reports, says what is missing and ends with 3', async () => {
  const root = mkdtempSync(join(tmpdir(), 'singlepath-doctor-'));
  try {
    cpSync(join(packageRoot(), 'dist', 'src'), join(root, 'dist', 'src'), { recursive: true });
    cpSync(join(packageRoot(), 'package.json'), join(root, 'package.json'));
    symlinkSync(join(packageRoot(), 'node_modules'), join(root, 'node_modules'));
    const { code, stdout } = await doctor(root);
    assert.equal(code, 3);
    assert.match(stdout, /^addon +DOES NOT WORK/m);
    assert.match(stdout, /singlepath\.node: not there/);
    assert.match(stdout, /^hint: run `npx singlepath build`/m);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('an unknown instruction set is a problem doctor reports', async () => {
  process.env.SINGLEPATH_ISA = 'avx1024';
  try {
    const { code, stdout } = await doctor(packageRoot());
    assert.equal(code, 3);
    assert.match(stdout, /^expected SINGLEPATH_ISA to be one of .*portable but received "avx1024"$/m);
  } finally {
    delete process.env.SINGLEPATH_ISA;
  }
});

test('the text shows every data set and variable of the report', async () => {
  process.env.SINGLEPATH_ISA = 'portable';
  try {
    const place = { kind: 'cifar10', description: 'mine', path: '/data/cifar', found: false };
    const text = formatDoctor(await doctorReport({ datasets: [place] }));
    assert.match(text, /^data set +cifar10 \(mine\): \/data\/cifar \(not there\)$/m);
    assert.match(text, /^SINGLEPATH_ISA +portable$/m);
    assert.match(text, /^ {2}kernels +portable /m);
  } finally {
    delete process.env.SINGLEPATH_ISA;
  }
});

test('a CUDA build without a device says so', async () => {
  const report = await doctorReport();
  const native = report.addon.native!;
  const with_ = (cuda: string | null, ...names: string[]): string =>
    formatDoctor({
      ...report,
      addon: {
        ...report.addon,
        native: {
          ...native,
          versions: { ...native.versions, cuda },
          devices: names.map((name) => ({ name, description: '…' })),
        },
      },
    });
  assert.match(
    with_('13.0', 'cpu'),
    /^ {2}devices +cpu \(…\); no CUDA device: the driver or the card is missing$/m,
  );
  assert.match(with_('13.0', 'cpu', 'cuda:0'), /^ {2}devices +cpu \(…\), cuda:0 \(…\)$/m);
  assert.match(with_(null, 'cpu'), /^ {2}devices +cpu \(…\)$/m);
});

test('a SINGLEPATH_ADDON without a name names none', () => {
  const before = process.env.SINGLEPATH_ADDON;
  process.env.SINGLEPATH_ADDON = '';
  try {
    assert.equal(addonFile(), builtAddon());
  } finally {
    if (before === undefined) delete process.env.SINGLEPATH_ADDON;
    else process.env.SINGLEPATH_ADDON = before;
  }
});

test('an addon that SINGLEPATH_ADDON names and that does not load is an error, not a reason to take another', async () => {
  const main = join(packageRoot(), 'dist', 'src', 'cli', 'main.js');
  const env = { ...process.env, SINGLEPATH_ADDON: 'elsewhere/singlepath.node' };
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, [main, 'doctor', '--json'], { env }, (_error, out) => {
      resolve(out);
    });
  });
  const { ok, addon } = JSON.parse(stdout) as DoctorReport;
  assert.equal(ok, false);
  assert.equal(addon.native, null);
  assert.match(addon.problem ?? '', /elsewhere\/singlepath\.node: not there/);
});
