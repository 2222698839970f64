import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { ioError, makeDirectory, writeFileAtomically } from '../../src/core/files.js';

const folder = mkdtempSync(join(tmpdir(), 'singlepath-files-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('ioError', () => {
  const hint = (action: string, code: string) =>
    ioError(action, 'x', Object.assign(new Error(code), { code })).hint;

  it('says what helps: to read is not to write', () => {
    assert.equal(hint('write', 'EACCES'), 'permission denied: choose a folder you may write to');
    for (const action of ['read', 'read the latency table'])
      assert.equal(hint(action, 'EACCES'), 'permission denied: make it readable for who runs this');
    assert.equal(hint('read', 'ENOENT'), 'there is no such file or folder');
  });

  it('a full disk: how to go on', () => assert.match(hint('append to', 'ENOSPC')!, /repeat, with --resume/));
});

describe('makeDirectory', () => {
  it('creates a folder with its parents, and says whether it was new', async () => {
    const path = join(folder, 'a', 'b', 'c');
    assert.equal(await makeDirectory(path), true);
    assert.equal(await makeDirectory(path), false);
    assert.equal(await makeDirectory(relative(process.cwd(), join(folder, 'a', '..', 'd', ''))), true);
    assert.deepEqual(readdirSync(folder).sort(), ['a', 'd']);
  });

  it('may be asked for the same folders at once', async () => {
    const paths = ['x', 'y', 'z'].map((name) => join(folder, 'many', 'deep', name));
    await Promise.all([...paths, ...paths].map(makeDirectory));
    assert.ok(paths.every(existsSync));
  });

  it('says that the path leads through a file, or is one', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'x'), join(file, 'x', 'y')]) {
      await assert.rejects(makeDirectory(path), {
        code: 'IO',
        message: `Could not create the folder '${path}': EEXIST: file already exists, mkdir '${file}'`,
        hint: 'a file of this name is there, or a link that leads nowhere, not a folder',
      });
    }
  });

  // Node's recursive mkdir tries for ever here.
  it('ends where a folder takes no new ones', {
    skip: !existsSync('/proc/self'),
    timeout: 10_000,
  }, async () => {
    for (const path of ['/proc/nonexistent', '/proc/nonexistent/x']) {
      await assert.rejects(makeDirectory(path), {
        code: 'IO',
        message: new RegExp(`^Could not create the folder '${path}': ENOENT`),
      });
    }
  });
});

describe('writeFileAtomically', () => {
  // As root it took /dev/stdout away from all processes.
  it('writes into a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('cat', [pipe]);
    let read = '';
    reader.stdout.on('data', (data: Buffer) => {
      read += data.toString();
    });
    const ended = new Promise((resolve) => reader.on('close', resolve));
    await writeFileAtomically(pipe, ['all ', 'of it']);
    await ended;
    assert.equal(read, 'all of it');
    assert.ok(lstatSync(pipe).isFIFO());
  });
});
