import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';

const root = packageRoot();

/** Paths in the tarball. */
function packedFiles(): string[] {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output) as [{ files: { path: string }[] }];
  return packed.files.map(({ path }) => path);
}

test('the tarball has what `singlepath build` needs, and nothing that was built or downloaded', () => {
  const files = packedFiles();
  for (const needed of [
    ...['CMakeLists.txt', 'cmake/Libtorch.cmake', 'binding.gyp', 'scripts/build-addon.mjs'],
    ...['native/binding/addon.cc', 'native/core/rng.h', 'native/ops/cpu/CMakeLists.txt'],
    ...['dist/src/cli/main.js', 'dist/src/index.js', 'dist/src/index.d.ts'],
    ...['data/fashion-mnist-mini/LICENSE', 'LICENSE', 'README.md', 'CHANGELOG.md'],
  ]) {
    assert.ok(files.includes(needed), `${needed} is not packed`);
  }
  const stray = files.filter((file) => /^(build|\.libtorch|\.cache|runs|dist\/test|test)\//.test(file));
  assert.deepEqual(stray, []);
});

test('npm install neither compiles nor downloads', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // Without these two npm runs node-gyp wherever it sees a binding.gyp.
  assert.equal(manifest.gypfile, false);
  assert.equal(manifest.scripts.install, 'node -e ""');
  assert.deepEqual(
    Object.keys(manifest.scripts).filter((name) => /^(pre|post)install$|^prepare$/.test(name)),
    [],
  );
});
