import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { configJsonSchema } from '../../src/config/schema/config.js';

test('docs/config.schema.json is the schema of the code (scripts: singlepath config schema)', () => {
  const written = JSON.parse(readFileSync(resolve('docs/config.schema.json'), 'utf8'));
  assert.deepEqual(written, JSON.parse(JSON.stringify(configJsonSchema())));
});
