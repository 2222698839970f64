import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const PLACES = [
  process.env.SINGLEPATH_CHROMIUM ?? '',
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
];

/** Why tests in a browser are skipped here; false where one is installed. */
export function withoutBrowser(): string | false {
  return place() === undefined && 'no Chromium is here: apt-get install chromium-headless-shell';
}

function place(): string | undefined {
  return PLACES.find((path) => path !== '' && existsSync(path));
}

let running: Promise<Browser> | undefined;
after(async () => (await running)?.close());

async function browser(): Promise<Browser> {
  running ??= import('playwright-core').then(({ chromium }) =>
    // Without a sandbox: Chromium refuses one to root, as in containers. It opens our own pages alone.
    chromium.launch({ executablePath: place()!, args: ['--no-sandbox'] }),
  );
  return running;
}

/** A tab with what went wrong in it. */
export async function openTab(
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[]; requests: string[] }> {
  const context = await (await browser()).newContext(options);
  const page = await context.newPage();
  const [problems, requests]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  return { page, problems, requests };
}

export const PHONE = { viewport: { width: 360, height: 740 } };
export const DESK = { viewport: { width: 1280, height: 900 } };

/** Pixels by which a page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
}

/** What axe finds wrong with a page for people who read it otherwise: `color-contrast: .detail`. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source); // a script element would break the page's own policy
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    type Violation = { id: string; nodes: { html: string }[] };
    const { violations } = await axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
    );
  });
}
