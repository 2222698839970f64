// Fills the tables of docs/spaces.md and writes docs/space.schema.json from the built sources (npm run build).
import { readFileSync, writeFileSync } from 'node:fs';
import { spaceTable } from '../dist/src/cost/spaceTable.js';
import { operationTable } from '../dist/src/space/file/operationTable.js';
import { spaceJsonSchema } from '../dist/src/space/file/schema.js';
import { getSpace } from '../dist/src/space/spaces/catalog.js';

const docs = new URL('../docs/', import.meta.url);
const page = new URL('spaces.md', docs);
const filled = readFileSync(page, 'utf8').replace(
  /<!-- table (\S+) -->[\s\S]*?<!-- end -->/g,
  (_, name) => `<!-- table ${name} -->\n${spaceTable(getSpace(name))}\n<!-- end -->`,
);
const operations = `<!-- operations -->\n${operationTable()}\n<!-- end -->`;
writeFileSync(
  page,
  filled.replace(/<!-- operations -->[\s\S]*?<!-- end -->/, () => operations),
);
writeFileSync(new URL('space.schema.json', docs), `${JSON.stringify(spaceJsonSchema(), null, 2)}\n`);
