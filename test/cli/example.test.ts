import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';

test('the example with a space of its own trains, searches and exports', {
  skip: withoutAddon(),
}, async () => {
  const script = fileURLToPath(new URL('../../examples/own-space.js', import.meta.url));
  const cwd = temporaryFolder();
  const { stdout } = await promisify(execFile)(process.execPath, [script, '10'], { cwd });
  assert.equal(stdout.match(/^best so far: /gm)?.length, 5, stdout);
  const [, madds] = stdout.match(/: (\d+) MAdds, test accuracy 0\.\d+$/m) ?? [];
  assert.ok(Number(madds) <= 1.5e6, stdout);
  const file = JSON.parse(readFileSync(join(cwd, 'runs/my-space/architecture.json'), 'utf8'));
  assert.equal(JSON.stringify(file).includes('my-space'), true);
});

test('it has fewer than 80 lines', () => {
  const source = readFileSync(join(packageRoot(), 'examples', 'own-space.ts'), 'utf8');
  assert.ok(source.trimEnd().split('\n').length < 80);
});
