import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withBuildLock } from '../../src/runtime/buildLock.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** Calls installLibtorch as root, where python3 has no pip and apt-get notes that it was called. */
async function install(systemPackages: boolean): Promise<{ output: string; called: boolean }> {
  const bin = temporaryFolder();
  const marker = join(bin, 'called');
  const program = (name: string, script: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program('python3', 'exit 1');
  program(
    'apt-get',
    `case "$*" in --version) echo apt ;; --simulate*) echo 'Inst libtorch-dev (1.13)'; echo 'Inst libdep (1)' ;;
    *) echo "$*" >> ${marker} ;; esac`,
  );
  const module = new URL('../../src/runtime/installLibtorch.js', import.meta.url).href;
  const script = `process.getuid = () => 0;
    const { installLibtorch } = await import('${module}');
    await installLibtorch({ systemPackages: ${systemPackages}, log: (line) => console.log(line) })
      .catch((error) => console.log(error.message + error.hint));`;
  const output = await new Promise<string>((resolve, reject) => {
    const args = ['--input-type=module', '--eval', script];
    execFile(process.execPath, args, { env: { PATH: bin } }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  return { output, called: existsSync(marker) };
}

test('root without pip: no Debian package is installed unasked', async () => {
  const { output, called } = await install(false);
  assert.equal(called, false);
  assert.match(output, /pip: python3 has no pip/);
  assert.match(
    output,
    /Debian: not tried: --install-system-packages lets it run `apt-get install -y .*libtorch-dev/,
  );
});

test('when asked they are, and listed before', async () => {
  const { output, called } = await install(true);
  assert.equal(called, true);
  assert.match(output, /^installing 2 Debian packages: libtorch-dev libdep$/m);
});

test('two builds of one folder come one after the other; a build that fails lets go', async () => {
  const root = temporaryFolder();
  const events: string[] = [];
  const build = (name: string, end: Promise<unknown>) =>
    withBuildLock(
      root,
      (line) => events.push(`${name}: ${line}`),
      async () => {
        events.push(`${name} begins`);
        await end;
        events.push(`${name} ends`);
      },
    );
  let fail = (_error: Error): void => {};
  const first = build('first', new Promise((_, reject) => (fail = reject)));
  const second = build('second', Promise.resolve());
  while (events.length < 2) await new Promise(setImmediate);
  fail(new Error('does not compile'));
  await assert.rejects(first, /does not compile/);
  await second;
  assert.equal(events.length, 4);
  assert.match(events[1]!, new RegExp(`^second: process ${process.pid} on .* builds here; waiting for it$`));
  assert.deepEqual([events[0], ...events.slice(2)], ['first begins', 'second begins', 'second ends']);
});
