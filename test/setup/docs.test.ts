import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/core/packageRoot.js';

const root = packageRoot();
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));

test('docs/README.md leads to every page', () => {
  const index = readFileSync(join(root, 'docs', 'README.md'), 'utf8');
  for (const page of docs) if (page !== 'README.md') assert.ok(index.includes(`(${page})`), page);
});

test('links between the pages lead somewhere', () => {
  for (const page of [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...docs.map((name) => join('docs', name)),
  ]) {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    for (const [, target] of text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, dirname(page), target!)), `${page}: ${target}`);
    }
  }
});

test('the reference of the library can be made, and its links lead somewhere', async () => {
  const { apiDocs } = await import(pathToFileURL(join(root, 'scripts', 'api-docs.mjs')).href);
  assert.deepEqual(await apiDocs(), []);
});
