import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { spaceTable } from '../../src/cost/spaceTable.js';
import { operationTable } from '../../src/space/file/operationTable.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';

it('docs/spaces.md shows every space as it is (scripts/space-docs.mjs fills it)', () => {
  const text = readFileSync('docs/spaces.md', 'utf8');
  const tables = new Map(
    [...text.matchAll(/<!-- table (\S+) -->\n([\s\S]*?)\n<!-- end -->/g)].map(([, name, table]) => [
      name!,
      table,
    ]),
  );
  assert.deepEqual(
    [...tables.keys()].sort(),
    listSpaces()
      .map(({ name }) => name)
      .sort(),
  );
  const [, operations] = /<!-- operations -->\n([\s\S]*?)\n<!-- end -->/.exec(text) ?? [];
  assert.equal(operations, operationTable());
  for (const [name, table] of tables) assert.equal(table, spaceTable(getSpace(name)), name);
});
