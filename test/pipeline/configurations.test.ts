import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { checkConfig } from '../../src/pipeline/checkConfig.js';
import { openImages } from '../../src/pipeline/images/images.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';
import { getSpace, listSpaces } from '../../src/space/spaces/catalog.js';
import { withoutAddon } from '../cli/native.js';

const root = join(packageRoot(), 'configs');
const yamlFiles = (folder: string) => readdirSync(join(root, folder)).map((name) => join(root, folder, name));

/** The files of the first command that a configuration's own comment shows. */
function filesOf(path: string): string[] {
  const [, command] = /^# (singlepath (?:train|retrain) .*)$/m.exec(readFileSync(path, 'utf8'))!;
  return [...command!.matchAll(/-c (\S+)/g)].map(([, file]) => join(packageRoot(), file!));
}

const configurations = [
  [join(root, 'demo.yaml')],
  ...[...yamlFiles('small'), ...yamlFiles('spaces'), ...yamlFiles('recipes')].map((path) => {
    const files = filesOf(path);
    assert.ok(files.includes(path), `${path} shows a command with itself`);
    return files;
  }),
];

test('every space has a configuration', () => {
  const names = yamlFiles('spaces')
    .map((path) => loadConfig({ files: filesOf(path) }).space.name)
    .sort();
  assert.deepEqual(
    names,
    listSpaces()
      .map(({ name }) => name)
      .sort(),
  );
  for (const name of names) assert.ok(getSpace(name!).layers.length > 0);
});

test('what a stage would refuse after hours of training is refused before the first', () => {
  const small = join(root, 'small', 'spos-shufflenet-v2-28.yaml');
  const check = (...set: string[]) => checkConfig(loadConfig({ files: [small], set }));
  const one = 'search.constraints=[madds<=3930992]';
  assert.equal(check(one, 'search.finalists=1'), undefined);
  for (const [set, said] of [
    [
      [one, 'search.finalists=2'],
      /at most 1, the architectures that meet the constraints, for search\.finalists/,
    ],
    [[one, 'search.calibrate=40'], /at most 1, the legal networks worth training, for search\.calibrate/],
    [['export.opset=5'], /an opset from 17 to 26 but received 5/],
    [['export.opset=17', 'export.onnxWeights=packed'], /an opset from 21 to 26 for packed weights/],
  ] as const)
    assert.throws(() => check(...set), { code: 'INVALID_ARGUMENT', message: said });
  assert.equal(check('export.opset=5', 'export.onnx=false'), undefined);
});

test('finalists are different networks: architectures that are the same one count once', () => {
  const macro = join(root, 'small', 'nas-bench-macro.yaml');
  // Eight architectures; two pairs of them have one block in exchangeable layers.
  const limit = 'search.constraints=[madds<=14225920]';
  const check = (finalists: number) =>
    checkConfig(loadConfig({ files: [macro], set: [limit, `search.finalists=${finalists}`] }));
  assert.equal(check(6), undefined);
  assert.throws(() => check(7), {
    code: 'INVALID_ARGUMENT',
    message: /at most 6, the different networks that meet the constraints, for search\.finalists/,
  });
});

test('images held out of each class are not compared with data.heldOut, which they replace', () => {
  const set = ['data.trainImages=1000', 'data.heldOutPerClass=20'];
  assert.equal(checkConfig(loadConfig({ files: [join(root, 'demo.yaml')], set })), undefined);
});

test('a later file wins: a space changes what its recipe says', () => {
  const files = ['recipes/cifar10.yaml', 'spaces/nas-bench-macro.yaml'].map((file) => join(root, file));
  const { train, data, search } = loadConfig({ files });
  assert.deepEqual([train.epochs, train.schedule], [120, 'cosine']);
  assert.equal(data.kind, 'cifar10');
  assert.deepEqual(search.constraints, ['madds<=60M']);
  assert.equal(loadConfig({ files: files.toReversed() }).train.epochs, 600);
});

const opened = new Set<string>();
for (const files of configurations) {
  const shown = files.map((file) => file.slice(root.length + 1)).join(' + ');
  const config = loadConfig({ files });

  test(`${shown} opens its images, or says which file is missing`, async (t) => {
    const missing = checkConfig(config);
    const space = openSpace(config.space);
    const { channels, size } = space.input;
    // Images do not depend on anything else, and opening a set takes a while.
    const key = JSON.stringify([config.data, space.input, space.classes]);
    if (opened.has(key)) return;
    opened.add(key);
    if (withoutAddon() !== false) return t.skip('the addon is not built here');
    if (missing !== undefined) {
      assert.match(missing.message, /Expected .* '.+'/);
      await assert.rejects(openImages(config, space, 'train'), { message: missing.message });
      return;
    }
    for (const split of ['train', 'test'] as const) {
      using images = await openImages(config, space, split);
      assert.deepEqual(images.shape, [channels, size, size]);
      assert.ok(images.size > 0);
    }
  });
}

for (const [set, said] of [
  ['data.kind=mnist', /Expected data\.path, the folder of 'mnist'/],
  [
    'space={name: nas-bench-macro, size: 36}',
    /Expected images of 3 x 36 x 36 .* but 'fashion-mnist' has 1 x 28 x 28/,
  ],
  ['data.normalize=cifar', /Expected a preset for images of 1 channel/],
  [
    'data.testPath=photos',
    /Expected null for data\.testPath, as data\.kind is fashion-mnist, but received '.*photos'/,
  ],
  [
    'data={kind: synthetic, testFraction: 0.2}',
    /Expected 0 for data\.testFraction, as data\.kind is synthetic, but received 0\.2/,
  ],
  ['data.heldOut=10000', /Expected data\.heldOut below data\.trainImages \(10000\)/],
  ['search.constraints=[madds<=100K]', /No architecture of 'fashion' meets madds<=100000/],
  ['train.widthWarmup.holdSteps=10', /Expected a space with width genes for train\.widthWarmup/],
  ['search={algorithm: nsga2, objectives: [madds]}', /Expected accuracy among search\.objectives/],
] as const) {
  test(`a configuration that can never run is refused: ${set}`, () => {
    const config = loadConfig({ files: [join(root, 'demo.yaml')], set: ['search.constraints=[]', set] });
    assert.throws(() => checkConfig(config), said);
  });
}
