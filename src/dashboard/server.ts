import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SinglePathError } from '../core/errors.js';
import { PAGE_SCRIPT } from '../report/html/script.js';
import { PAGE_STYLE } from '../report/html/style.js';
import { DASHBOARD_STYLE, dashboardPage } from './pages.js';
import { placeBelow } from './scan.js';
import { type Access, newToken, refusalOf, SECURITY_HEADERS, tokenCookie } from './security.js';
import type { WatchedRun } from './watchedRun.js';
import { Watcher } from './watcher.js';

export interface DashboardOptions {
  /** 0 takes any that is free. */
  port: number;
  /** Where it can be reached: 127.0.0.1, or an address of this machine for others too, who then need a token. */
  host?: string | undefined;
}

/** A dashboard that runs; dispose it to end it. */
export interface Dashboard extends AsyncDisposable {
  /** What to open, with the token where one is needed. */
  url: string;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|::1)$/;
/** A line that keeps proxies and browsers from taking the silence for an end. */
const HEARTBEAT_MS = 15_000;
const TEXT = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

interface Answer {
  status?: number;
  type: string;
  body: string | Buffer;
}

/**
 * Serves the runs below a folder, read-only.
 *
 * @throws SinglePathError `IO` where the port is in use.
 */
export async function openDashboard(
  root: string,
  { port, host = '127.0.0.1' }: DashboardOptions,
): Promise<Dashboard> {
  const watcher = new Watcher(root);
  const access: Access = { port, ...(!LOOPBACK.test(host) && { token: newToken() }) };
  const title = `singlepath: ${basename(resolve(root))}`;
  const server = createServer((request, response) => serve(request, response, { watcher, access, title }));
  access.port = await listen(server, port, host);
  watcher.start();
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${access.port}/${access.token === undefined ? '' : `?token=${access.token}`}`,
    async [Symbol.asyncDispose]() {
      watcher[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const used = error.code === 'EADDRINUSE';
      const what = used ? 'something else uses it' : error.message;
      fail(
        new SinglePathError('IO', `Expected the free port ${port} on ${host} but ${what}`, {
          hint: used
            ? 'choose another one with --port, or --port 0 for any that is free'
            : 'choose another --port or --host',
          cause: error,
        }),
      );
    });
    server.listen(port, host, () => done((server.address() as AddressInfo).port));
  });
}

interface Context {
  watcher: Watcher;
  access: Access;
  title: string;
}

function serve(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const { method = '', url = '', headers } = request;
  const refusal = refusalOf({ method, url, headers }, context.access);
  if (refusal !== undefined) {
    const allow = refusal.status === 405 ? { allow: 'GET, HEAD' } : {};
    send(response, method, { status: refusal.status, type: TEXT, body: `${refusal.text}\n` }, allow);
    return;
  }
  const cookie = tokenCookie(url, context.access);
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (pathname === '/events') {
    stream(request, response, context.watcher);
    return;
  }
  try {
    const answer = answerTo(pathname, searchParams, context);
    send(response, method, answer ?? { status: 404, type: TEXT, body: 'not found\n' }, cookie);
  } catch (error) {
    const text =
      error instanceof SinglePathError
        ? `${error.message}${error.hint ? ` (${error.hint})` : ''}`
        : 'an error';
    send(response, method, { status: 500, type: JSON_TYPE, body: JSON.stringify({ error: text }) }, cookie);
  }
}

/** What an address stands for. Runs are named by an id from the scan: no part of an address becomes a path. */
function answerTo(path: string, query: URLSearchParams, { watcher, title }: Context): Answer | undefined {
  if (path === '/') return { type: HTML, body: dashboardPage('list', title) };
  if (path === '/compare') return { type: HTML, body: dashboardPage('compare', title) };
  if (path === '/api/runs') return json({ root: title, runs: watcher.summaries() });
  const asset = ASSETS.get(path);
  if (asset !== undefined) return { type: asset.type, body: asset.body() };
  const [, page, id, part = ''] =
    /^\/(run|api\/runs)\/([0-9a-f]{16})(?:\/(series|sections|candidates\.csv|candidates\.jsonl))?$/.exec(
      path,
    ) ?? [];
  const run = id === undefined ? undefined : watcher.run(id);
  if (run === undefined) return undefined;
  if (page === 'run')
    return part === ''
      ? { type: HTML, body: dashboardPage('run', `${run.place.name} · ${title}`) }
      : undefined;
  if (part === 'sections') return json(watcher.sections(run));
  if (part === '') return json(run.details());
  if (part.startsWith('candidates')) return fileOf(watcher, run, part);
  const numberIn = (name: string) => {
    const value = Number(query.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const most = Math.min(20_000, Math.max(2, numberIn('n') ?? 2000));
  const series = run.series(query.get('metric') ?? '', { from: numberIn('from'), to: numberIn('to'), most });
  return series && json(series);
}

/** A file of a run directory, where it is no link out of the folder that is shown. */
function fileOf(watcher: Watcher, { place }: WatchedRun, name: string): Answer | undefined {
  const path = placeBelow(watcher.root, join(place.path, name));
  return path === undefined
    ? undefined
    : { type: name.endsWith('.csv') ? 'text/csv; charset=utf-8' : TEXT, body: readFileSync(path) };
}

function json(value: unknown): Answer {
  return { type: JSON_TYPE, body: JSON.stringify(value) };
}

function send(
  response: ServerResponse,
  method: string,
  { status = 200, type, body }: Answer,
  more: object = {},
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...more,
    'content-type': type,
    'content-length': bytes.length,
  });
  response.end(method === 'HEAD' ? undefined : bytes);
}

/** Tells a page what changes, as server-sent events. */
function stream(request: IncomingMessage, response: ServerResponse, watcher: Watcher): void {
  response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream' });
  response.write('retry: 1000\n\n');
  const stop = watcher.listen((update) => response.write(`data: ${JSON.stringify(update)}\n\n`));
  const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS);
  request.on('close', () => {
    clearInterval(heartbeat);
    stop();
  });
}

const require = createRequire(import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';
const own = (name: string) => fileURLToPath(new URL(`./browser/${name}`, import.meta.url));

/** Every file that is served, by its address. */
const ASSETS = new Map<string, { type: string; body: () => string | Buffer }>([
  ['/assets/style.css', { type: STYLE, body: () => PAGE_STYLE + DASHBOARD_STYLE }],
  ['/assets/report.js', { type: SCRIPT, body: () => PAGE_SCRIPT }],
  [
    '/assets/uPlot.js',
    { type: SCRIPT, body: () => readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js')) },
  ],
  [
    '/assets/uPlot.css',
    { type: STYLE, body: () => readFileSync(require.resolve('uplot/dist/uPlot.min.css')) },
  ],
  // Where the pages' scripts import it from.
  ['/report/format.js', { type: SCRIPT, body: () => readFileSync(own('../../report/format.js')) }],
  ...['list.js', 'run.js', 'compare.js', 'live.js', 'chart.js', 'dom.js', 'format.js'].map(
    (name) => [`/assets/${name}`, { type: SCRIPT, body: () => readFileSync(own(name)) }] as const,
  ),
]);
