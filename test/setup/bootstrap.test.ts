import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';

/** Runs scripts/bootstrap in an empty project where only these programs exist; text stands for a shell script. */
function bootstrap(
  programs: Record<string, string | true>,
  environment: Record<string, string> = {},
): { code: number | null; stderr: string } {
  const root = mkdtempSync(join(tmpdir(), 'singlepath-bootstrap-'));
  try {
    mkdirSync(join(root, 'bin'));
    cpSync(join(packageRoot(), 'scripts', 'bootstrap'), join(root, 'scripts', 'bootstrap'));
    const basics = 'bash cat cut dirname find id mkdir rm sha256sum sort uname xargs';
    for (const name of [...basics.split(' '), ...Object.keys(programs)]) {
      const script = programs[name] ?? true;
      const path = join(root, 'bin', name);
      if (script === true) {
        const real = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
        if (name in programs || real !== '') symlinkSync(real, path);
      } else {
        rmSync(path, { force: true });
        writeFileSync(path, `#!/bin/sh\n${script}\n`);
        chmodSync(path, 0o755);
      }
    }
    const env = { PATH: join(root, 'bin'), ...environment };
    const { status, stderr } = spawnSync('/bin/bash', [join(root, 'scripts', 'bootstrap')], {
      env,
      encoding: 'utf8',
    });
    return { code: status, stderr };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const node = `exec '${process.execPath}' "$@"`;

test('without Node it says which one is needed', () => {
  const { code, stderr } = bootstrap({});
  assert.equal(code, 1);
  assert.match(stderr, /Node is not there; install Node 20\.17 or newer/);
});

test('an old Node is refused, with its version and place', () => {
  const { code, stderr } = bootstrap({ node: '[ "$1" = --version ] && echo v18.19.0 && exit 0; exit 1' });
  assert.equal(code, 1);
  assert.match(stderr, /Expected Node 20\.17 or newer but found v18\.19\.0 at \S+\/bin\/node/);
});

test('missing Debian packages are named with the exact command when not root', () => {
  const { code, stderr } = bootstrap({ node, id: 'echo 1000', 'apt-get': 'exit 0' });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /run: sudo apt-get install -y --no-install-recommends g\+\+ cmake ninja-build zlib1g-dev libjpeg62-turbo-dev libpng-dev python3 python3-pip$/m,
  );
});

test('where there is no apt-get it still says what is missing', () => {
  const { code, stderr } = bootstrap({ node, cmake: 'exit 0', ninja: 'exit 0' });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /these programs are missing, and there is no apt-get: g\+\+ zlib1g-dev libjpeg62-turbo-dev libpng-dev python3 python3-pip/,
  );
});

test('an apt-get that fails is reported with the command to repeat', () => {
  const { code, stderr } = bootstrap({ node, id: 'echo 0', 'apt-get': 'exit 100' });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /apt-get could not install: g\+\+ cmake .*\n.*run it by hand to see why: apt-get install/,
  );
});

test('with LIBTORCH set no Python is asked for', () => {
  const { stderr } = bootstrap(
    { node, id: 'echo 1000', 'apt-get': 'exit 0' },
    { LIBTORCH: '/some/libtorch' },
  );
  assert.match(
    stderr,
    /run: sudo apt-get install -y --no-install-recommends g\+\+ cmake ninja-build zlib1g-dev libjpeg62-turbo-dev libpng-dev$/m,
  );
});

test('what apt-get installs, dependencies included, is listed before', () => {
  const plan = 'Inst g++ (4:12 Debian)\\nConf g++ (4:12 Debian)\\nInst gcc-12 (12.2)\\n';
  const { stderr } = bootstrap({
    node,
    id: 'echo 0',
    'apt-get': `case "$*" in *--simulate*) printf '${plan}' ;; *) echo "apt-get $*" >&2; exit 100 ;; esac`,
  });
  const listed = stderr.indexOf('installing 2 Debian packages: g++ gcc-12');
  assert.ok(listed >= 0, stderr);
  assert.ok(listed < stderr.indexOf('could not install'));
});
