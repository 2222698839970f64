// Writes docs/json/: a JSON Schema of what each command prints with --json, from the types in
// src/cli/common/jsonOutput.ts (`node scripts/json-docs.mjs`).
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Schemas by file name. */
export function jsonSchemas() {
  const generator = createGenerator({
    path: join(root, 'src', 'cli', 'common', 'jsonOutput.ts'),
    tsconfig: join(root, 'tsconfig.json'),
    skipTypeCheck: true,
    topRef: false,
  });
  const { definitions = {}, properties = {} } = generator.createSchema('JsonOutput');
  return Object.fromEntries(
    Object.entries(properties).map(([command, schema]) => {
      const title = command === 'error' ? 'Any command that fails' : `singlepath ${command} --json`;
      const document = { $schema: 'http://json-schema.org/draft-07/schema#', title, ...schema };
      const used = reachable(schema, definitions);
      if (used.size > 0) {
        document.definitions = Object.fromEntries([...used].sort().map((name) => [name, definitions[name]]));
      }
      return [`${command.replaceAll(' ', '-')}.schema.json`, document];
    }),
  );
}

/** Names of the definitions a schema refers to, also through others. */
function reachable(schema, definitions, found = new Set()) {
  for (const [, encoded] of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    const name = decodeURIComponent(encoded);
    if (found.has(name)) continue;
    found.add(name);
    reachable(definitions[name], definitions, found);
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(root, 'docs', 'json');
  mkdirSync(folder, { recursive: true });
  const schemas = jsonSchemas();
  for (const file of readdirSync(folder)) if (!(file in schemas)) rmSync(join(folder, file));
  for (const [file, schema] of Object.entries(schemas)) {
    writeFileSync(join(folder, file), `${JSON.stringify(schema, null, 2)}\n`);
  }
}
