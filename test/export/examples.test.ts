import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArchitectureFile } from '../../src/export/architectureFile.js';
import { exampleLoaders } from '../../src/export/examples.js';

/** The example programs of a network for images of such a size, which were cut out so. */
function examples(size: number, resize: number | null) {
  const about = { input: { channels: 3, size, mean: [0], std: [1] }, data: { kind: 'image-folder', resize } };
  const { 'example.py': py, 'example.mjs': mjs } = exampleLoaders(about as unknown as ArchitectureFile);
  return { py: py!, mjs: mjs! };
}

test('example programs scale as test images are: to 8/7 of the size, but for images that have it', () => {
  const { py, mjs } = examples(48, null);
  assert.match(py, /if image\.size != \(48, 48\):\n {4}image = ImageOps\.fit\(image, \(55, 55\)/);
  assert.match(mjs, /if \(width !== 48 \|\| height !== 48\)\n {2}image\.resize\(55, 55/);
  // Half of 7 pixels is rounded to the even 4, as the loader does it.
  assert.match(py, /\n {4}image = image\.crop\(\(4, 4, 52, 52\)\)/);
  assert.match(mjs, /left: 4, top: 4, width: 48, height: 48/);
});

test('with data.resize they scale every image to it, and never below the size', () => {
  const { py, mjs } = examples(32, 40);
  assert.match(
    py,
    /\nimage = ImageOps\.fit\(image, \(40, 40\), Image\.BILINEAR\)\nimage = image\.crop\(\(4, 4, 36, 36\)\)\n/,
  );
  assert.match(mjs, /\nimage\.resize\(40, 40/);
  for (const text of Object.values(examples(32, 40))) assert.doesNotMatch(text, /!= \(|!== 32/);
  const small = examples(32, 24);
  assert.match(small.py, /image\.crop\(\(0, 0, 32, 32\)\)/);
  assert.match(small.mjs, /resize\(32, 32, .*left: 0, top: 0/);
});
