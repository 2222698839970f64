import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { scanRuns } from '../../src/dashboard/scan.js';
import { refusalOf } from '../../src/dashboard/security.js';
import { openDashboard } from '../../src/dashboard/server.js';
import { singlepath } from '../cli/run.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { FakeRuns } from './runs.js';

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request whose path and Host are sent as they are, not tidied up. */
function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((done, fail) => {
    const asked = request({ port, path, host: '127.0.0.1', agent: false, ...options }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => done({ status: response.statusCode!, headers: response.headers, body }));
    });
    asked.on('error', fail);
    asked.end();
  });
}

const portOf = (url: string): number => Number(new URL(url).port);

test('only the page itself may ask', () => {
  const access = { port: 6061 };
  const own = { host: '127.0.0.1:6061' };
  const cases: [what: string, expected: number | undefined, asked: Parameters<typeof refusalOf>[0]][] = [
    ['the page', undefined, { method: 'GET', url: '/', headers: own }],
    ['by name', undefined, { method: 'GET', url: '/', headers: { host: 'localhost:6061' } }],
    ['over IPv6', undefined, { method: 'HEAD', url: '/', headers: { host: '[::1]:6061' } }],
    [
      'from the page',
      undefined,
      { method: 'GET', url: '/', headers: { ...own, 'sec-fetch-site': 'same-origin' } },
    ],
    [
      'an address that was typed',
      undefined,
      { method: 'GET', url: '/', headers: { ...own, 'sec-fetch-site': 'none' } },
    ],
    ['DNS rebinding', 403, { method: 'GET', url: '/', headers: { host: 'evil.example:6061' } }],
    [
      'a name that begins like ours',
      403,
      { method: 'GET', url: '/', headers: { host: '127.0.0.1.evil.example:6061' } },
    ],
    ['another port', 403, { method: 'GET', url: '/', headers: { host: '127.0.0.1:80' } }],
    ['no port', 403, { method: 'GET', url: '/', headers: { host: '127.0.0.1' } }],
    ['no Host', 403, { method: 'GET', url: '/', headers: {} }],
    ['another site', 403, { method: 'GET', url: '/', headers: { ...own, 'sec-fetch-site': 'cross-site' } }],
    [
      'another port of this machine',
      403,
      { method: 'GET', url: '/', headers: { ...own, 'sec-fetch-site': 'same-site' } },
    ],
    ['writing', 405, { method: 'POST', url: '/', headers: own }],
    ['deleting', 405, { method: 'DELETE', url: '/', headers: own }],
    ['another host in the address', 404, { method: 'GET', url: '//evil.example/', headers: own }],
    ['a proxy request', 404, { method: 'GET', url: 'http://evil.example/', headers: own }],
    ['an endless address', 404, { method: 'GET', url: `/${'a'.repeat(5000)}`, headers: own }],
  ];
  for (const [what, expected, asked] of cases) assert.equal(refusalOf(asked, access)?.status, expected, what);
});

test('where others can reach it, a token is needed: in the first address, then in a cookie', async () => {
  const access = { port: 6061, token: 'secret' };
  const refused = (url: string, cookie?: string) =>
    refusalOf({ method: 'GET', url, headers: { host: 'anything', ...(cookie && { cookie }) } }, access)
      ?.status;
  assert.equal(refused('/'), 403);
  assert.equal(refused('/?token=secrets'), 403);
  assert.equal(refused('/?token=secret'), undefined);
  assert.equal(refused('/run/x', 'a=b; singlepath-token=secret'), undefined);
  assert.equal(refused('/run/x', 'singlepath-token=secre'), 403);
  await using dashboard = await openDashboard(temporaryFolder(), { port: 0, host: '0.0.0.0' });
  const { search } = new URL(dashboard.url);
  const port = portOf(dashboard.url);
  assert.equal((await ask(port, '/')).status, 403);
  const first = await ask(port, `/${search}`);
  assert.equal(first.status, 200);
  const [cookie] = first.headers['set-cookie'] as string[];
  assert.match(cookie!, /HttpOnly; SameSite=Strict/);
  assert.equal((await ask(port, '/api/runs', { headers: { cookie: cookie!.split(';')[0]! } })).status, 200);
});

test('no address leads to a file, and every answer has the headers that protect it', async () => {
  const root = join(temporaryFolder(), 'runs');
  const fake = new FakeRuns(root);
  (await fake.training('a')).dispose();
  await using dashboard = await openDashboard(root, { port: 0 });
  const port = portOf(dashboard.url);
  const [{ id }] = JSON.parse((await ask(port, '/api/runs')).body).runs;
  for (const path of [
    ...[
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '//etc/passwd',
      '/assets/../server.js',
      '/..%2fetc%2fpasswd',
    ],
    ...['/assets/', '/assets/server.js', '/run/', `/run/${id}/../../x`, `/run/${id}/run.json`],
    ...[
      '/api/runs/0123456789abcdef',
      '/api/runs/a',
      `/api/runs/${id}/run.json`,
      `/api/runs/${id}/series?metric=../x`,
    ],
    ...['/\\..\\x', '/api/runs/__proto__', `/api/runs/${id}/candidates.csv`],
  ]) {
    const { status, body } = await ask(port, path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(body, /root:/);
  }
  for (const path of [
    '/',
    `/run/${id}`,
    '/compare',
    '/api/runs',
    '/assets/style.css',
    '/assets/uPlot.js',
    '/nowhere',
  ]) {
    const { headers, status } = await ask(port, path);
    assert.equal(status, path === '/nowhere' ? 404 : 200, path);
    assert.match(String(headers['content-security-policy']), /default-src 'none'; script-src 'self'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
  const { status, headers, body } = await ask(port, '/', { method: 'HEAD' });
  assert.deepEqual([status, body], [200, '']);
  assert.ok(Number(headers['content-length']) > 500);
  assert.equal((await ask(port, '/', { method: 'PUT' })).headers.allow, 'GET, HEAD');
});

test('links out of the folder are not followed', async () => {
  const base = temporaryFolder();
  const [inside, outside] = [new FakeRuns(join(base, 'runs')), new FakeRuns(join(base, 'other'))];
  (await inside.training('mine')).dispose();
  (await outside.training('secret')).dispose();
  symlinkSync(join(base, 'other', 'secret'), join(base, 'runs', 'link'));
  symlinkSync(join(base, 'other'), join(base, 'runs', 'mine', 'link'));
  writeFileSync(join(base, 'secret.csv'), 'secret');
  symlinkSync(join(base, 'secret.csv'), join(base, 'runs', 'mine', 'candidates.csv'));
  const runs = scanRuns(join(base, 'runs'));
  assert.deepEqual(
    runs.map(({ name }) => name),
    ['mine'],
  );
  await using dashboard = await openDashboard(join(base, 'runs'), { port: 0 });
  const { status } = await ask(portOf(dashboard.url), `/api/runs/${runs[0]!.id}/candidates.csv`);
  assert.equal(status, 404);
  // The folder itself may be a link: that is what was asked for.
  symlinkSync(join(base, 'runs'), join(base, 'alias'));
  assert.equal(scanRuns(join(base, 'alias')).length, 1);
  assert.deepEqual(scanRuns(join(base, 'nowhere')), []);
});

test('a port in use and a folder that is not there are errors that say what to do', async () => {
  const root = temporaryFolder();
  await using dashboard = await openDashboard(root, { port: 0 });
  const used = await singlepath(['dashboard', root, '--port', String(portOf(dashboard.url))]);
  assert.equal(used.code, 1);
  assert.match(used.stderr, /something else uses it[\s\S]*--port 0/);
  const nowhere = await singlepath(['dashboard', join(root, 'nowhere')]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /Expected a folder of runs/);
});

test('a damaged run is shown with what is wrong, beside the good ones', async () => {
  const root = join(temporaryFolder(), 'runs');
  const fake = new FakeRuns(root);
  for (const name of ['good', 'half']) (await fake.training(name)).dispose();
  renameSync(join(root, 'half', 'config.yaml'), join(root, 'half', 'gone.yaml'));
  mkdirSync(join(root, 'future'));
  writeFileSync(join(root, 'future', 'run.json'), '{"format":9}');
  await using dashboard = await openDashboard(root, { port: 0 });
  const { runs } = JSON.parse((await ask(portOf(dashboard.url), '/api/runs')).body);
  const problems = Object.fromEntries(
    runs.map(({ name, problem }: { name: string; problem?: string }) => [name, problem ?? '']),
  );
  assert.equal(problems.good, '');
  assert.match(problems.half, /config\.yaml/);
  assert.match(problems.future, /format 9/);
  const { id } = runs.find(({ name }: { name: string }) => name === 'half');
  const { status, body } = await ask(portOf(dashboard.url), `/api/runs/${id}/sections`);
  assert.equal(status, 500);
  assert.match(JSON.parse(body).error, /config\.yaml/);
});
