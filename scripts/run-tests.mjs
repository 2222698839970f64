// Runs the compiled tests: `node scripts/run-tests.mjs [PATTERN...] [--NODE-OPTION...]`. A pattern is a part of a test's
// path (`npm test -- search/`); options go to `node --test` (`--test-name-pattern=…`).
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const options = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const patterns = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));

// Node 20 knows neither globs nor folders here. A compiled test whose source is gone is left over.
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.js') && existsSync(join(root, 'test', file.replace(/js$/, 'ts'))))
  .map((file) => relative(root, join(root, 'dist', 'test', file)))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort();
if (files.length === 0) {
  console.error(`no test matches ${patterns.join(', ')}`);
  process.exit(1);
}

// Small tensors gain nothing from threads, and spinning OpenMP threads of two test files slow each other down 10-30
// times. Tests that need threads set their own number.
const env = { OMP_NUM_THREADS: '1', GOMP_SPINCOUNT: '1000', ...process.env };
const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', ...options, ...files];
const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
child.on('close', (code) => process.exit(code ?? 1));
