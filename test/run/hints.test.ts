import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/packageRoot.js';

/** The text from an opening bracket to the one that closes it. */
function bracketed(text: string, open: number): string {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return text.slice(open, i + 1);
  }
  return text.slice(open);
}

test('every error about a checkpoint says what can be done about it', () => {
  const root = join(packageRoot(), 'src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  let errors = 0;
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const { index, 0: start } of text.matchAll(/new SinglePathError\(\s*'INVALID_CHECKPOINT'/g)) {
      const made = bracketed(text, index + start.indexOf('('));
      assert.match(made, /\bhint\b/, `${file}: ${made}`);
      errors++;
    }
  }
  assert.ok(errors > 10, String(errors));
});
