import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { createProgram } from '../src/cli/program.js';
import { loadConfig } from '../src/config/load.js';
import { packageRoot } from '../src/core/packageRoot.js';
import { openSpace } from '../src/pipeline/setup/fromConfig.js';
import { legalArchitectures } from '../src/pipeline/setup/legalArchitectures.js';
import { withoutAddon } from './cli/native.js';
import { MAIN } from './cli/run.js';
import { temporaryFolder } from './temporaryFolder.js';

const root = packageRoot();
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** A block of commands in a page: its line, its text, and why it is not run, where it says so. */
interface Block {
  line: number;
  text: string;
  reason: string | undefined;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [
    ...text.matchAll(/(?:^<!-- not run by the tests: (.+) -->\n)?^```(?:sh|bash|console)\n([\s\S]*?)^```/gm),
  ].map(({ index, 1: reason, 2: block }) => ({
    line: text.slice(0, index).split('\n').length,
    text: block!,
    reason,
  }));
}

/** What commands find: examples/ and configs/, in which demo.yaml has few images and few steps of everything. */
function writeDemo(folder: string): void {
  const demo = parse(readFileSync(join(root, 'configs', 'demo.yaml'), 'utf8'));
  const { epochs: _, ...train } = demo.train;
  const { epochs: __, ...retrain } = demo.retrain;
  const few = { steps: 3, batchSize: 16, warmupSteps: 0 };
  const small = {
    ...demo,
    data: { ...demo.data, trainImages: 160, heldOut: 40, testImages: 40 },
    train: { ...train, ...few },
    evaluate: { ...demo.evaluate, calibrationImages: 32, batchSize: 32 },
    search: {
      ...demo.search,
      finalists: 0,
      population: 4,
      topK: 2,
      generations: 1,
      mutations: 2,
      crossovers: 2,
    },
    retrain: { ...retrain, ...few, calibrationImages: 32, validateEvery: 1 },
    export: { ...demo.export, parityImages: 8 },
  };
  for (const name of ['configs', 'examples'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'configs', 'demo.yaml'), stringify(small));
}

for (const page of pages) {
  const blocks = blocksOf(page).filter(({ reason }) => reason === undefined);
  if (blocks.length === 0) continue;
  test(`the commands of ${page} run, in order`, { skip: withoutAddon() }, () => {
    const cwd = temporaryFolder();
    writeDemo(cwd);
    for (const { line, text } of blocks) {
      // `npx singlepath` is the singlepath that is tested.
      const script = `set -e\nnpx() { shift; '${process.execPath}' '${MAIN}' "$@"; }\n${text}`;
      const { status, stderr } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' });
      assert.equal(status, 0, `${page}:${line}:\n${text}\n${stderr}`);
    }
  });
}

test('README.md has commands that run, and what does not says why', () => {
  const blocks = blocksOf('README.md');
  assert.ok(blocks.some(({ text, reason }) => reason === undefined && text.includes('singlepath train')));
  for (const { reason } of blocks) assert.notEqual(reason?.trim(), '');
});

test('constraints in the examples of --help can be met by the space they are for, that of the demo', () => {
  const space = openSpace(loadConfig({ files: [join(root, 'configs', 'demo.yaml')] }).space);
  let help = '';
  const collect = { writeOut: (text: string) => (help += text), writeErr: () => {} };
  for (const command of [createProgram(), ...createProgram().commands])
    command.configureOutput(collect).outputHelp();
  const lines = help.split('\n').filter((line) => line.includes('--supernet runs/supernet'));
  const limits = lines.map((line) =>
    [...line.matchAll(/--constraint '([^'[]+)'/g)].map(([, limit]) => limit!),
  );
  assert.ok(limits.flat().length >= 3, help);
  for (const constraints of limits)
    assert.ok(legalArchitectures(space, constraints).count > 100n, `${constraints}`);
});
