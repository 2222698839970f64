import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { packageRoot } from '../../src/core/packageRoot.js';
import { temporaryFolder } from '../temporaryFolder.js';

const USE = `
export async function use() {
  const space = singlepath.getSpace('spos-shufflenet-v2', { size: 32, classes: 10 });
  const own = singlepath.defineSpace({
    name: 'own', input: { channels: 3, size: 8 }, classes: 2,
    layers: [singlepath.fixed('head', singlepath.nn.averagePool(), singlepath.nn.linear({ out: 2 }))],
  });
  const { madds } = singlepath.costOf(space, space.genes.map(() => 0));
  const config = singlepath.loadConfig({ set: ['space.name=nas-bench-macro'] });
  const { loss } = await singlepath.runTrain(config, { runDir: 'runs/x', signal: AbortSignal.timeout(1000) });
  const images = await singlepath.openDataset({ kind: 'fashion-mnist' }, { split: 'test' });
  images.dispose();
  return { own, total: madds + config.train.steps, loss: loss ?? 0 };
}
`;
const IMPORT = `import * as singlepath from 'singlepath';\n${USE}`;

/** Projects as users have them: the file that uses us, and what their tsconfig.json says. */
const CONSUMERS: Record<string, { file: string; source: string; options: Record<string, unknown> }> = {
  'an ES module for Node, without @types/node': {
    file: 'use.mts',
    source: IMPORT,
    options: { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022', 'dom'], types: [] },
  },
  'a bundler': {
    file: 'use.ts',
    source: IMPORT,
    options: {
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
    },
  },
  'the old resolution, node10': {
    file: 'use.ts',
    source: IMPORT,
    options: {
      module: 'commonjs',
      moduleResolution: 'node10',
      esModuleInterop: true,
      lib: ['es2022', 'dom'],
      types: [],
    },
  },
  'a CommonJS module that imports when it runs, as strict as it goes': {
    file: 'use.cts',
    source: USE.replace('use() {', "use() {\n  const singlepath = await import('singlepath');"),
    options: {
      module: 'node16',
      moduleResolution: 'node16',
      lib: ['es2022'],
      types: ['node'],
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
    },
  },
  'JavaScript that is checked': {
    file: 'use.mjs',
    source: IMPORT,
    options: {
      module: 'nodenext',
      moduleResolution: 'nodenext',
      lib: ['esnext'],
      types: ['node'],
      checkJs: true,
    },
  },
};

/** Errors in a consumer and in every declaration file of ours that it reaches. */
function errorsOf({ file, source, options }: (typeof CONSUMERS)[string]): string[] {
  const project = temporaryFolder();
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(packageRoot(), join(project, 'node_modules', 'singlepath'));
  symlinkSync(join(packageRoot(), 'node_modules', '@types'), join(project, 'node_modules', '@types'));
  writeFileSync(join(project, file), source);
  const json = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options };
  const parsed = ts.convertCompilerOptionsFromJson(json, project);
  assert.deepEqual(parsed.errors, []);
  const program = ts.createProgram([join(project, file)], parsed.options);
  const files = program
    .getSourceFiles()
    .filter(({ fileName }) => !/node_modules\/(?!singlepath)/.test(fileName));
  assert.ok(files.length > 20);
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((one) => [
      ...program.getSyntacticDiagnostics(one),
      ...program.getSemanticDiagnostics(one),
    ]),
  ];
  return found.map(({ file: where, messageText }) => {
    return `${where?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

for (const [name, consumer] of Object.entries(CONSUMERS)) {
  test(`the types compile with skipLibCheck: false in ${name}`, () => {
    assert.deepEqual(errorsOf(consumer), []);
  });
}

test('a wrong use is an error, so the types are found and mean something', () => {
  const source = "import { getSpace } from 'singlepath';\ngetSpace(5);\n";
  const [error, ...more] = errorsOf({ ...CONSUMERS['a bundler']!, source });
  assert.match(error!, /Argument of type 'number' is not assignable to parameter of type 'string'/);
  assert.deepEqual(more, []);
});
