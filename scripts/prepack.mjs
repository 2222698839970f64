// Before `npm pack` and `npm publish`: what is packed is compiled anew, so a clean clone packs the same as one where
// things were built, and nothing that a deleted source left behind gets in.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

// stdout is npm's: `npm pack --json` prints its document there.
function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`prepack: ${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  process.exit(1);
}

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
if (!existsSync(compiler)) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
rmSync(join(root, 'dist'), { recursive: true, force: true });
run(process.execPath, [compiler, '-p', '.']);
const browser = join(root, 'src', 'dashboard', 'browser');
if (existsSync(browser)) run(process.execPath, [compiler, '-p', browser]);
