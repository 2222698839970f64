import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';

const root = packageRoot();

/** Paths in the tarball. */
function packedFiles(cwd: string, ...options: string[]): string[] {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', ...options], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output) as [{ files: { path: string }[] }];
  return packed.files.map(({ path }) => path);
}

test('the tarball has what `singlepath build` needs, and nothing that was built or downloaded', () => {
  const files = packedFiles(root, '--ignore-scripts');
  for (const needed of [
    ...['CMakeLists.txt', 'cmake/Libtorch.cmake', 'binding.gyp', 'scripts/build-addon.mjs'],
    ...['native/binding/addon.cc', 'native/core/rng.h', 'native/ops/cpu/CMakeLists.txt'],
    ...[
      'dist/src/cli/main.js',
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/src/dashboard/browser/list.js',
    ],
    ...['data/fashion-mnist-mini/LICENSE', 'LICENSE', 'README.md', 'CHANGELOG.md'],
  ]) {
    assert.ok(files.includes(needed), `${needed} is not packed`);
  }
  const stray = files.filter((file) => /^(build|\.libtorch|\.cache|runs|dist\/test|test)\//.test(file));
  assert.deepEqual(stray, []);
});

test('npm pack compiles first, and drops what a deleted source left behind', () => {
  const project = temporaryFolder();
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { name, version, type, files, scripts } = manifest;
  const { prepack } = scripts;
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name, version, type, files, scripts: { prepack } }),
  );
  cpSync(join(root, 'scripts', 'prepack.mjs'), join(project, 'scripts', 'prepack.mjs'));
  const compilerOptions = { outDir: 'dist', rootDir: '.', types: [], incremental: true };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  mkdirSync(join(project, 'src'));
  writeFileSync(join(project, 'src', 'index.ts'), 'export const here = true;\n');
  mkdirSync(join(project, 'dist', 'src'), { recursive: true });
  writeFileSync(join(project, 'dist', 'src', 'gone.js'), '');
  const packed = packedFiles(project).filter((file) => file.startsWith('dist/'));
  assert.deepEqual(packed, ['dist/src/index.js']);

  writeFileSync(join(project, 'src', 'index.ts'), 'export const wrong: number = true;\n');
  assert.throws(() => packedFiles(project), 'a package without its code is not made');
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
