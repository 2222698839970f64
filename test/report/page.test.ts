import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { formatCost } from '../../src/cost/constraint.js';
import { collectReport } from '../../src/pipeline/report/collectReport.js';
import { readResult } from '../../src/pipeline/runs/runs.js';
import { reportPage } from '../../src/report/html/page.js';
import { verdictOf } from '../../src/report/verdict.js';
import { rankingCard } from '../../src/search/rankingCard.js';
import type { TrainResult } from '../../src/train/supernet.js';
import { assertJson } from '../cli/jsonSchema.js';
import { withoutAddon } from '../cli/native.js';
import { singlepath } from '../cli/run.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { accessibilityFaults, DESK, openTab, overflow, PHONE, withoutBrowser } from './browser.js';
import { writeChain } from './chain.js';

const skip = withoutAddon();
const HOSTILE = `<img src=x onerror=alert(1)> & "'</script>`;
const root = temporaryFolder();
const chain = join(root, 'chain');
before(async () => {
  if (!skip) await writeChain(chain);
});

const sectionsOf = (page: string) => [...page.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id);

test('a report of a chain has a section for everything, in the order people ask', { skip }, () => {
  const page = reportPage(collectReport([chain]));
  assert.deepEqual(sectionsOf(page), [
    ...['verdict', 'candidates-plot', 'architecture', 'search', 'training', 'ranking', 'candidates'],
    ...['cost', 'repeat'],
  ]);
  assert.match(page, /madds&lt;=60K holds/);
  assert.match(page, /than the mean of 1 other network trained from scratch/);
  assert.match(page, /that of a random search of the same cost/);
  assert.doesNotMatch(page.slice(page.indexOf('<main>'), page.indexOf('<script')), /undefined|NaN/);
  assert.equal(reportPage(collectReport([chain])), page, 'the same runs give the same bytes');
});

test('a run alone brings what it was made from: the network its search, the search its supernet', {
  skip,
}, () => {
  const names = (path: string) => collectReport([join(chain, path)]).runs.map(({ kind }) => kind);
  assert.deepEqual(names('network'), ['train', 'search', 'retrain']);
  assert.deepEqual(names('search'), ['train', 'search']);
  assert.deepEqual(names('supernet'), ['train']);
  assert.deepEqual(names('random'), ['retrain']);
});

test('costs and limits are of the network whose accuracy heads the page, also where the search found another', {
  skip,
}, () => {
  const facts = collectReport(['search', 'random'].map((name) => join(chain, name)));
  const [random] = facts.networks;
  const { winner } = facts.search!;
  assert.deepEqual(facts.subject!.architecture, random!.architecture);
  const texts = verdictOf(facts).map(({ text }) => text);
  assert.match(texts[0]!, /^\S*random reaches /);
  assert.ok(
    texts.some((text) => text.startsWith(`The search found another network, ${winner!.architecture}`)),
  );
  const madds = formatCost('madds', random!.costs.madds!);
  assert.notEqual(madds, formatCost('madds', winner!.costs.madds!));
  assert.ok(texts.includes(`madds<=60K holds: ${madds} MAdds`), texts.join('\n'));
});

test('a latency that is not known of a network is left out: it is no time of 0 ns', { skip }, () => {
  const facts = collectReport([chain]);
  const [first, ...others] = facts.networks;
  assert.ok(first !== undefined && others.length > 0);
  const known = { ...first, costs: { ...first.costs, 'latency[a.lut]': 2_345_000 } };
  for (const networks of [
    [known, ...others],
    [...others, known],
  ]) {
    const page = reportPage({ ...facts, networks });
    assert.match(page, /2\.345ms/);
    assert.doesNotMatch(page, />0(\.0+)?ns</);
  }
});

test('a search of thousands of generations has each with its own numbers', { skip }, () => {
  const elsewhere = join(temporaryFolder(), 'long');
  cpSync(chain, elsewhere, { recursive: true });
  const generations = 2500;
  const events = Array.from({ length: generations }, (_, i) => ({
    type: 'generation',
    phase: 'search',
    generation: i,
    step: i + 1,
    time: '2026-01-01T00:00:00.000Z',
    best: (i % 7) / 10,
    median: (i % 5) / 10,
    evaluated: 2 * (i + 1),
  }));
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  writeFileSync(join(elsewhere, 'search', 'events.jsonl'), lines);
  const found = collectReport([elsewhere]).search!.generations;
  assert.deepEqual(
    found.map(({ generation, evaluated }) => [generation, evaluated]),
    events.map(({ generation, evaluated }) => [generation, evaluated]),
  );
});

test('another run whose weights one began with is not part of its report', { skip }, async () => {
  const elsewhere = temporaryFolder();
  const start = (kind: string, from: string, ...more: string[]) =>
    singlepath([kind, '--from', from, '-c', join(from, 'config.yaml'), '-d', join(elsewhere, kind), ...more]);
  for (const [kind, from, more] of [
    ['train', 'supernet', []],
    ['retrain', 'network', ['--set', 'space.classes=5', '--set', 'data.kind=synthetic']],
  ] as const) {
    const { code, stderr } = await start(kind, join(chain, from), ...more);
    assert.equal(code, 0, stderr);
    const { runs } = collectReport([join(elsewhere, kind)]);
    assert.deepEqual(
      runs.map((run) => run.kind),
      [kind],
    );
    assert.match(runs[0]!.command, new RegExp(` --from \\S*${from} `));
  }
});

test('the facts are those of the runs', { skip }, () => {
  const { runs, search, networks, supernet } = collectReport([chain]);
  const [train] = runs;
  assert.equal(train!.status, 'finished');
  assert.equal(train!.passes.trained, 4 * 16);
  assert.ok(train!.peakMemory > 50e6 && train!.seconds > 0);
  assert.match(train!.environment!.isa, /^(avx|portable|neon)/);
  assert.equal(supernet!.loss.length, 4);
  assert.equal(search!.candidates.length, 8);
  // Each of them is recalibrated on 32 images and scored on the 40 that are held out.
  assert.equal(search!.run.passes.evaluated, 8 * (32 + 40));
  assert.equal(search!.generations.length, 4);
  assert.deepEqual(
    networks.map(({ found, run }) => [found, run.name]),
    [
      [true, 'network'],
      [false, 'random'],
    ],
  );
});

test('of more validation images than are held out, those count that there were', { skip }, () => {
  const copy = join(temporaryFolder(), 'search');
  cpSync(join(chain, 'search'), copy, { recursive: true });
  const file = join(copy, 'config.yaml');
  const config = readFileSync(file, 'utf8');
  for (const [asked, taken] of [
    [1000, 40],
    [7, 7],
  ]) {
    writeFileSync(file, config.replace('validationImages: 0', `validationImages: ${asked}`));
    assert.equal(collectReport([copy]).search!.heldOut, taken);
  }
});

test('the commands of a report repeat its runs bit for bit', { skip }, async () => {
  const [train] = collectReport([chain]).runs;
  const [, ...words] = train!.command.split(' ');
  const { code, stderr } = await singlepath(words, { cwd: root });
  assert.equal(code, 0, stderr);
  const weights = (path: string) => readResult<TrainResult>(path).weights;
  assert.equal(weights(join(root, 'again', 'supernet')), weights(join(chain, 'supernet')));
});

test('a ranking card is shown, also of a score that is the same inside every band of cost', { skip }, () => {
  const architectures = [0, 1, 2, 3].map((i) => [i & 1, i >> 1]);
  const [truth, costs] = [
    [0.1, 0.2, 0.3, 0.4],
    [1, 1, 2, 2],
  ];
  const card = rankingCard(
    [{ name: 'supernet', values: [1, 2, 4, 3] }],
    [{ name: 'depth', values: costs }],
    truth,
    costs,
  );
  assert.ok(Number.isNaN(card.rows[1]!.bandKendall));
  const networks = architectures.map((architecture, i) => ({
    architecture,
    truth: truth[i]!,
    scores: { supernet: i },
  }));
  // What singlepath rank --json prints: JSON knows no NaN.
  const ranking = JSON.parse(JSON.stringify({ space: 'tiny', count: 4, card, bands: [], networks }));
  const page = reportPage(collectReport([chain], { ranking }));
  assert.match(page, /Ranking card/);
  assert.match(page, /<th scope="row">depth<\/th><td[^>]*>0\.\d+<\/td><td[^>]*>0\.\d+<\/td><td[^>]*>none</);
});

test('measured latencies stand beside predicted ones, as times', { skip }, () => {
  const facts = collectReport([chain]);
  const metric = 'latency[pi.lut]';
  const [one, other] = facts.search!.candidates;
  const timed = (candidate: typeof one, ns: number) => ({
    ...candidate!,
    costs: { ...candidate!.costs, [metric]: ns },
  });
  const candidates = [timed(one, 1.5e6), timed(other, 2e6)];
  const finalists = candidates.map(({ architecture, costs }) => ({
    architecture,
    rungs: [],
    measured: { [metric]: 1.25 * costs[metric]! },
    score: facts.search!.topK[0]!.score,
  }));
  const page = reportPage({ ...facts, search: { ...facts.search!, candidates, finalists } });
  assert.match(page, />1\.500ms<\/td><td[^>]*>1\.875ms<\/td><td[^>]*>-20\.00 %</);
  assert.match(page, /Measured over predicted latency/);
});

test('singlepath report and plot write their files and say what they found', { skip }, async () => {
  const file = join(root, 'report.html');
  const written = await singlepath(['report', chain, '--out', file, '--json']);
  assert.equal(written.code, 0, written.stderr);
  const document = JSON.parse(written.stdout);
  assertJson('report', document);
  assert.equal(document.bytes, readFileSync(file).length);
  assert.equal(document.runs.length, 4);
  const out = join(root, 'plot.svg');
  for (const plot of ['pareto', 'choices', 'architecture']) {
    const { code, stderr, stdout } = await singlepath(['plot', plot, chain, '--out', out, '--json']);
    assert.equal(code, 0, stderr);
    assertJson('plot', JSON.parse(stdout));
    assert.match(readFileSync(out, 'utf8'), /^<svg width="720" height="\d+" xmlns=.*<\/svg>\n$/s);
  }
});

test('what cannot be reported is an error that says what to do', { skip }, async () => {
  const fails = async (args: string[], message: RegExp) => {
    const { code, stderr } = await singlepath([...args, '--out', join(root, 'none')]);
    assert.equal(code, message.source.includes('INVALID_CHECKPOINT') ? 1 : code);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  };
  const broken = (name: string, change: (path: string) => void): string => {
    const path = join(root, name);
    cpSync(join(chain, 'search'), path, { recursive: true });
    change(path);
    return path;
  };
  const header = (path: string) => JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'));
  const withHeader = (change: object) => (path: string) =>
    writeFileSync(join(path, 'run.json'), JSON.stringify({ ...header(path), sources: {}, ...change }));
  const empty = join(root, 'empty');
  mkdirSync(empty);
  await fails(['report', join(root, 'nowhere')], /there is no such folder/);
  await fails(['report', empty], /has no run\.json[\s\S]*singlepath train/);
  await fails(['report', root], /did you mean '.*chain'/);
  await fails(
    ['report', broken('kind', withHeader({ kind: 'dream' }))],
    /found one of kind 'dream'[\s\S]*another version/,
  );
  await fails(['report', broken('version', withHeader({ format: 9 }))], /found format 9/);
  await fails(['report', broken('half', (path) => rmSync(join(path, 'config.yaml')))], /config\.yaml/);
  await fails(
    ['report', broken('lines', (path) => writeFileSync(join(path, 'candidates.jsonl'), '{"phase"\n{}\n'))],
    /candidates\.jsonl', line 1[\s\S]*--resume/,
  );
  await fails(['report', chain, broken('second', () => {})], /Expected one search/);
  const ranking = join(root, 'ranking.json');
  writeFileSync(ranking, JSON.stringify({ space: 'other', card: { rows: [] }, networks: [] }));
  for (const command of [['report'], ['plot', 'agreement']]) {
    await fails(
      [...command, join(chain, 'network'), '--ranking', ranking],
      /Expected a ranking of 'tiny', the space of the runs, for ranking but received 'other'/,
    );
  }
  await fails(['plot', 'paretto', chain], /did you mean 'pareto'/);
  await fails(['plot', 'latency', chain], /nothing yet[\s\S]*latency constraint/);
});

test('a search without candidates, and events that are damaged, are told rather than hidden', {
  skip,
}, () => {
  const path = join(root, 'early');
  cpSync(join(chain, 'search'), path, { recursive: true });
  for (const name of ['result.json', 'candidates.jsonl']) rmSync(join(path, name));
  writeFileSync(join(path, 'events.jsonl'), '{"type":"started","step":0}\nnot an event\n{"type":"gener');
  const page = reportPage(collectReport([path]));
  assert.match(page, /The search has no candidates yet/);
  assert.match(page, /line 2 of events\.jsonl is no event/);
  assert.match(page, /is not finished: stopped/);
});

const inBrowser = { skip: skip || withoutBrowser() };

for (const [name, options] of [
  ['a phone', PHONE],
  ['a desk', DESK],
  ['a phone in the dark', { ...PHONE, colorScheme: 'dark' as const }],
  ['a desk without JavaScript', { ...DESK, javaScriptEnabled: false }],
] as const) {
  test(`the report opens offline from a file on ${name}`, inBrowser, async () => {
    const file = join(root, 'offline.html');
    const facts = collectReport([chain]);
    writeFileSync(
      file,
      reportPage({ ...facts, title: HOSTILE, runs: facts.runs.map((run) => ({ ...run, name: HOSTILE })) }),
    );
    const { page, problems, requests } = await openTab({ ...options, offline: true });
    await page.goto(pathToFileURL(file).href);
    assert.equal(await page.locator('h1').textContent(), HOSTILE, 'names are text, not markup');
    assert.equal(
      await page.locator('.plot').first().isVisible(),
      options !== undefined && !('viewport' in options && options.viewport.width < 640),
    );
    assert.ok((await page.locator('svg.plot:visible').count()) >= 5);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:')),
      [],
    );
    assert.equal(requests.length, 1, 'nothing but the file itself is loaded');
    assert.equal(await page.locator('img').count(), 0);
    if (!('javaScriptEnabled' in options)) {
      assert.ok((await overflow(page)) <= 0, 'the page is as wide as the window');
      assert.deepEqual(await accessibilityFaults(page), []);
    }
    assert.deepEqual(problems, []);
    await page.context().close();
  });
}

test(
  'where there is JavaScript, tables are sorted, texts are copied and candidates are saved',
  inBrowser,
  async () => {
    const file = join(root, 'scripted.html');
    writeFileSync(file, reportPage(collectReport([chain])));
    const { page } = await openTab({ ...DESK, acceptDownloads: true });
    await page.goto(pathToFileURL(file).href);
    await page.locator('#candidates summary').click();
    const accuracies = () => page.locator('#candidates tbody td:nth-child(2)').allTextContents();
    const descending = await accuracies();
    const button = page.locator('#candidates th button', { hasText: 'accuracy' });
    await button.click();
    await button.click();
    const numbers = (await accuracies()).map(Number.parseFloat);
    assert.deepEqual(
      numbers,
      descending.map(Number.parseFloat).sort((a, b) => a - b),
    );
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('button', { hasText: 'Download CSV' }).click(),
    ]);
    assert.equal(
      readFileSync((await download.path())!, 'utf8')
        .trim()
        .split('\n').length,
      readFileSync(join(chain, 'search', 'candidates.csv'), 'utf8')
        .trim()
        .split('\n').length,
    );
    await page.context().close();
  },
);
