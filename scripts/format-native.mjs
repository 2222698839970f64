// Formats native/ with clang-format, or with --check only says which files differ.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const files = readdirSync(join(root, 'native'), { recursive: true })
  .filter((file) => /\.(cc|h|cuh?)$/.test(file))
  .map((file) => join('native', file))
  .sort();
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const clangFormat = join(root, 'node_modules', '.bin', 'clang-format');
const { status, error } = spawnSync(clangFormat, [...mode, ...files], { cwd: root, stdio: 'inherit' });
if (error) console.error(`clang-format could not be started (${error.message}); run \`npm ci\``);
process.exit(status ?? 1);
