import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Dashboard, openDashboard } from '../../src/dashboard/server.js';
import { withoutAddon } from '../cli/native.js';
import { MAIN } from '../cli/run.js';
import { writeTiny } from '../cli/tiny.js';
import { accessibilityFaults, DESK, openTab, overflow, PHONE, withoutBrowser } from '../report/browser.js';
import { writeChain } from '../report/chain.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { FakeRuns, generation, step } from './runs.js';

const noBrowser = { skip: withoutBrowser() };
const noTraining = { skip: withoutBrowser() || withoutAddon() };
const chain = join(temporaryFolder(), 'runs');
before(async () => {
  if (!noTraining.skip) await writeChain(chain);
});

/** Waits until an element says something. */
async function says(page: Page, selector: string, text: RegExp): Promise<void> {
  await page.locator(selector, { hasText: text }).first().waitFor({ timeout: 20_000 });
}

async function openRun(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.locator('a.name', { hasText: name }).first().click();
  await says(page, '#connection', /^live$/);
}

test(
  'what a run appends comes to the page; a torn line waits, damaged ones are counted',
  noBrowser,
  async () => {
    const root = join(temporaryFolder(), 'runs');
    using run = await new FakeRuns(root).training('one');
    step(run, 1, 4);
    await using dashboard = await openDashboard(root, { port: 0 });
    const { page, problems } = await openTab(DESK);
    await openRun(page, dashboard.url, 'one');
    await says(page, '#said', /4 at step 1/);
    await says(page, '#facts', /running.*1 of 1,000 steps/);
    step(run, 2, 3.5);
    await says(page, '#said', /3\.5 at step 2/);
    appendFileSync(join(run.path, 'events.jsonl'), '{"type":"step","step":3,"lo');
    appendFileSync(join(run.path, 'events.jsonl'), 'ss":3.25}\nno event\n');
    await says(page, '#said', /3\.25 at step 3/);
    await says(page, '#sections', /line 5 of events\.jsonl is no event/);
    // The choice of the curve stays in the address.
    await page.locator('#metric').selectOption({ label: 'training learning rate' });
    await says(page, '#said', /0\.1 at step 2|no values/);
    await page.reload();
    assert.equal(await page.locator('#metric').inputValue(), 'train/learningRate');
    assert.deepEqual(problems, []);
    await page.context().close();
  },
);

test(
  'folders that are removed and added, and a server that starts anew, change an open page',
  noBrowser,
  async () => {
    const root = join(temporaryFolder(), 'runs');
    const fake = new FakeRuns(root);
    (await fake.training('first')).dispose();
    let dashboard: Dashboard = await openDashboard(root, { port: 0 });
    const port = Number(new URL(dashboard.url).port);
    const { page } = await openTab(DESK);
    await page.goto(dashboard.url);
    await says(page, 'a.name', /first/);
    (await fake.training('second')).dispose();
    await says(page, 'a.name', /second/);
    rmSync(join(root, 'first'), { recursive: true });
    await page.locator('a.name', { hasText: 'first' }).waitFor({ state: 'detached', timeout: 20_000 });
    await dashboard[Symbol.asyncDispose]();
    await says(page, '#connection', /lost/);
    (await fake.training('third')).dispose();
    dashboard = await openDashboard(root, { port });
    await says(page, '#connection', /^live$/);
    await says(page, 'a.name', /third/);
    // The same place has the same address.
    await page.locator('a.name', { hasText: 'third' }).click();
    await says(page, '#title', /third/);
    renameSync(join(root, 'third'), join(root, 'fourth'));
    await says(page, '#problem', /gone/);
    await page.context().close();
    await dashboard[Symbol.asyncDispose]();
  },
);

test(
  'a training that is killed and resumed while its page is open leaves a curve without repetitions',
  noTraining,
  async () => {
    const base = temporaryFolder();
    const { config } = writeTiny(join(base, 'settings'));
    const root = join(base, 'runs');
    const runDir = join(root, 'killed');
    const train = (...more: string[]): ChildProcess =>
      spawn(process.execPath, [MAIN, 'train', '-d', runDir, '-q', ...more], {
        stdio: 'ignore',
      });
    const first = train(
      '-c',
      config,
      '--set',
      'train.steps=100000',
      '--set',
      'train.logEvery=5',
      '--set',
      'train.checkpointEvery=50',
    );
    await using dashboard = await openDashboard(base, { port: 0 });
    const { page } = await openTab(DESK);
    await page.goto(dashboard.url);
    await says(page, 'a.name', /killed/);
    await openRun(page, dashboard.url, 'killed');
    await says(page, '#facts', /running/);
    await says(page, '#said', /at step [\d,]{3,}/);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await says(page, '#facts', /stopped/);
    const second = train('--resume');
    await says(page, '#facts', /running/);
    await says(page, '#sections', /went on from step/);
    const id = new URL(page.url()).pathname.split('/')[2]!;
    const before = await stepsOf(page, id);
    await page.waitForFunction(
      `fetch('/api/runs/${id}/series?metric=train/loss').then((r) => r.json()).then((d) => d.total > ${before.length})`,
    );
    second.kill('SIGINT');
    await once(second, 'exit');
    const steps = await stepsOf(page, id);
    assert.deepEqual(
      steps,
      steps.map((_, i) => 5 * (i + 1)),
      'every fifth step, each once',
    );
    await page.context().close();
  },
);

async function stepsOf(page: Page, id: string): Promise<number[]> {
  return page.evaluate(
    `fetch('/api/runs/${id}/series?metric=train/loss&n=20000').then((r) => r.json()).then((d) => d.steps)`,
  );
}

test('a loss that explodes leaves numbers beside its curve', noBrowser, async () => {
  const root = join(temporaryFolder(), 'runs');
  using run = await new FakeRuns(root).training('one');
  for (const [index, loss] of [4, 3.5, 3e38, 1e300, 3].entries()) step(run, index + 1, loss);
  await using dashboard = await openDashboard(root, { port: 0 });
  const { page, problems } = await openTab(DESK);
  await page.addInitScript(`{
    const { fillText } = CanvasRenderingContext2D.prototype;
    window.drawn = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
      drawn.push(text);
      return fillText.call(this, text, ...place);
    };
  }`);
  await openRun(page, dashboard.url, 'one');
  await says(page, '#said', /3 at step 5/);
  await page.waitForFunction(`drawn.includes('1e+38') && drawn.includes('3e+38')`);
  const { values } = await page.evaluate<{ values: number[] }>(
    `fetch(location.pathname.replace('/run/', '/api/runs/') + '/series?metric=train/loss').then((r) => r.json())`,
  );
  assert.deepEqual(values, [4, 3.5, Math.fround(3e38), 3.4028234663852886e38, 3]);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test(
  'the best candidate is of the generation that found it, also where the search went on after its baseline',
  noBrowser,
  async () => {
    const root = join(temporaryFolder(), 'runs');
    using run = await new FakeRuns(root).search('one');
    generation(run, 1, { phase: 'search', generation: 0, best: 0.5 });
    generation(run, 2, { phase: 'baseline', generation: 0, best: 0.4 });
    run.log({ type: 'resumed', step: 2 });
    generation(run, 3, { phase: 'search', generation: 1, best: 0.75 });
    await using dashboard = await openDashboard(root, { port: 0 });
    const { page } = await openTab(DESK);
    await openRun(page, dashboard.url, 'one');
    await says(page, '#facts', /best candidate 75\.00 % at generation 1$/);
    await page.context().close();
  },
);

test('a comparison of more runs than curves can tell apart says so', noBrowser, async () => {
  const root = join(temporaryFolder(), 'runs');
  const fake = new FakeRuns(root);
  for (let i = 1; i <= 7; i++) (await fake.training(`run-${i}`)).dispose();
  await using dashboard = await openDashboard(root, { port: 0 });
  const { page } = await openTab(DESK);
  await page.goto(dashboard.url);
  await says(page, 'a.name', /run-7/);
  for (const box of await page.locator('li input').all()) await box.check();
  await page.locator('#compare').click();
  await says(page, '#problem', /Of the 7 runs you selected these are the first 6/);
  await page.context().close();
});

test('seven tabs are live: a browser opens six connections to one server', noBrowser, async () => {
  const root = join(temporaryFolder(), 'runs');
  using run = await new FakeRuns(root).training('one');
  step(run, 1, 4);
  await using dashboard = await openDashboard(root, { port: 0 });
  const { page } = await openTab(DESK);
  await openRun(page, dashboard.url, 'one');
  const tabs = [page];
  while (tabs.length < 7) {
    const tab = await page.context().newPage();
    await tab.goto(page.url());
    tabs.push(tab);
  }
  for (const tab of tabs) await says(tab, '#connection', /^live$/);
  step(run, 2, 2.5);
  for (const tab of tabs) await says(tab, '#said', /2\.5 at step 2/);
  // The tab that listened is closed: another one takes over.
  await page.close();
  step(run, 3, 1.5);
  for (const tab of tabs.slice(1)) await says(tab, '#said', /1\.5 at step 3/);
  await tabs[1]!.context().close();
});

for (const [name, options] of [
  ['a phone', PHONE],
  ['a desk in the dark', { ...DESK, colorScheme: 'dark' as const }],
] as const) {
  test(`list, run and comparison fit ${name} and can be read by everyone`, noTraining, async () => {
    await using dashboard = await openDashboard(chain, { port: 0 });
    const { page, problems, requests } = await openTab(options);
    const check = async (what: string) => {
      assert.ok((await overflow(page)) <= 0, `${what} is as wide as the window`);
      assert.deepEqual(await accessibilityFaults(page), [], what);
    };
    await page.goto(dashboard.url);
    await says(page, 'a.name', /supernet/);
    await check('the list');
    for (const run of ['network', 'random']) {
      await page
        .locator('li', { has: page.locator('a.name', { hasText: run }) })
        .locator('input')
        .check();
    }
    await page.locator('#compare').click();
    await says(page, '#said', /network: .*; random: |random: .*; network: /);
    await says(page, '#differences', /All settings are the same/);
    await check('the comparison');
    await openRun(page, dashboard.url, 'search');
    await says(page, '#sections', /that of a random search of the same cost/);
    await says(page, '#sections', /Download CSV/);
    await page.locator('#candidates summary').click();
    await page.locator('#candidates th button', { hasText: 'accuracy' }).click();
    await check('a search');
    assert.deepEqual(problems, []);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(dashboard.url) && !url.startsWith('data:')),
      [],
    );
    await page.context().close();
  });
}

test('Ctrl-C ends singlepath dashboard and leaves no port', noBrowser, async () => {
  const child = spawn(process.execPath, [MAIN, 'dashboard', temporaryFolder(), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  const { page } = await openTab(DESK);
  await page.goto(url);
  await says(page, '#connection', /^live$/);
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  await assert.rejects(fetch(url));
  await page.context().close();
});
