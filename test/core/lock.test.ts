import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DirectoryLock } from '../../src/core/lock.js';

test('a file system without hard links, such as FAT, is named as the reason', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-lock-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { linkSync } = fs;
  t.after(() => {
    fs.linkSync = linkSync;
    syncBuiltinESMExports();
  });
  for (const code of ['EPERM', 'ENOTSUP']) {
    // Says what the kernel says on FAT.
    fs.linkSync = () => {
      throw Object.assign(new Error(`${code}: operation not permitted, link`), { code });
    };
    syncBuiltinESMExports();
    assert.throws(() => DirectoryLock.acquire(join(folder, 'lock'), 'run directory'), {
      code: 'IO',
      message: /Could not lock '.*lock': /,
      hint: /locks need hard links, which FAT and some network file systems do not have/,
    });
    assert.deepEqual(readdirSync(folder), []);
  }
});
