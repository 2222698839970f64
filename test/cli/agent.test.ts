import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTable } from '../../src/latency/format/files.js';
import { spaceRows } from '../../src/latency/rows.js';
import { getSpace } from '../../src/space/spaces/catalog.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { withoutAddon } from './native.js';
import { MAIN, singlepath } from './run.js';

const folder = temporaryFolder();
const token = join(folder, 'token');
const name = 'spos-shufflenet-v2-28';
const keys = new Set(spaceRows(getSpace(name)).rows.map(({ key }) => key));
const skip = withoutAddon();
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Enough to see that it works: not enough to be right. */
const QUICK = [
  ...['warmUp=0.01', 'maxTime=0.02', 'paths=12', 'maxPaths=12', 'sentinelEvery=5', 'drift=1000'],
  'repetitions=1',
].flatMap((setting) => ['--set', `latency.${setting}`]);

/** Runs `singlepath agent`, behind a command such as `ip netns exec NAME`; resolves when it listens. */
async function agent(args: readonly string[], { inside = [] }: { inside?: string[] } = {}) {
  const [command, ...rest] = [...inside, process.execPath, MAIN, 'agent', ...args];
  const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [text, log] = ['', ''].map(() => ({ value: '' }));
  child.stderr.on('data', (data: Buffer) => (log!.value += data.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      text!.value += data.toString();
      if (text!.value.includes('\n')) resolve();
    });
    void ended.then(() => reject(new Error(`the agent ended: ${log!.value}`)));
  });
  const [, address] = /^listening on (\S+) \(/.exec(text!.value)!;
  return { address: address!, log: () => log!.value, child, ended };
}

describe('singlepath agent', { skip }, () => {
  it('measures, calibrates and verifies a table for a host, and ends with Ctrl-C', async () => {
    const { address, child, ended, log } = await agent(['--listen', '127.0.0.1:0', '--token-file', token]);
    assert.match(log(), /made a new token/);
    const table = join(folder, 'there.lut');
    const on = ['--agent', address, '--token-file', token, '-q', ...QUICK];
    for (const args of [
      ['measure', '--space', name, '--out', table],
      ['calibrate', table, '--paths', '4'],
      ['verify', table, '--paths', '4'],
    ]) {
      const { code, stderr } = await singlepath(['latency', ...args, ...on]);
      assert.equal(code, 0, stderr);
    }
    const { header, rows } = readTable(table);
    assert.deepEqual(new Set(rows.map(({ key }) => key)), keys);
    assert.equal(header.environment.runtime, 'singlepath');
    assert.equal(header.accuracy!.networks, 4);
    assert.match(log(), /measuring for .*process \d+[\s\S]*free: /);
    const none = await singlepath(['latency', 'verify', table, '--agent', address, '-q']);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /Expected --token-file FILE, or the token in SINGLEPATH_AGENT_TOKEN/);
    child.kill('SIGINT');
    assert.equal(await ended, 0);
  });

  it('killed while it measures: a new one goes on, and no visit is measured twice', async () => {
    const table = join(folder, 'killed.lut');
    const journal = `${table}.journal`;
    const visits = () =>
      existsSync(journal)
        ? readFileSync(journal, 'utf8')
            .split('\n')
            .filter((line) => line.startsWith('{"type":"visit"')).length
        : 0;
    const measure = (address: string, ...more: string[]) =>
      singlepath([
        ...['latency', 'measure', '--space', name, '--out', table, '--agent', address, '--token-file', token],
        ...['-q', ...QUICK, ...more],
      ]);
    const first = await agent(['--listen', '127.0.0.1:0', '--token-file', token, '-q']);
    const broken = measure(first.address, '--set', 'latency.maxTime=0.1');
    while (visits() < 3) await sleep(5);
    first.child.kill('SIGKILL');
    const { code, stderr } = await broken;
    assert.equal(code, 1);
    assert.match(stderr, /The connection to the agent at .* was lost.*\nhint: .*--resume/);
    const before = visits();
    assert.ok(before >= 3 && before < 12);

    const second = await agent(['--listen', '127.0.0.1:0', '--token-file', token, '-q']);
    const resumed = await measure(second.address, '--set', 'latency.maxTime=0.1', '--resume');
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(new Set(readTable(table).rows.map(({ key }) => key)), keys);
    second.child.kill('SIGTERM');
    await second.ended;
  });
});

/** Why two machines cannot be made up here; false where they can. */
function withoutNamespaces(): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    execFileSync('ip', ['netns', 'add', 'singlepath-test-probe'], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'delete', 'singlepath-test-probe'], { stdio: 'ignore' });
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'ip netns or openssl does not work here';
  }
}

it('between two network namespaces with TLS: measured from one in the other', {
  skip: skip || withoutNamespaces(),
}, async () => {
  const [device, host] = [`singlepath-${process.pid}-a`, `singlepath-${process.pid}-b`];
  const wires = [`spa${process.pid % 1e6}`, `spb${process.pid % 1e6}`];
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
  try {
    for (const namespace of [device, host]) ip('netns', 'add', namespace);
    ip('link', 'add', wires[0]!, 'netns', device, 'type', 'veth', 'peer', 'name', wires[1]!, 'netns', host);
    for (const [i, namespace] of [device, host].entries()) {
      ip('-n', namespace, 'address', 'add', `10.77.0.${i + 1}/24`, 'dev', wires[i]!);
      ip('-n', namespace, 'link', 'set', wires[i]!, 'up');
    }
    const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync(
      'openssl',
      [
        ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=device'.split(
          ' ',
        ),
        ...['-addext', 'subjectAltName=IP:10.77.0.1', '-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    const inside = ['ip', 'netns', 'exec', device];
    const listen = ['--listen', '10.77.0.1:7757', '--token-file', token, '-q'];
    await assert.rejects(
      agent(listen, { inside }),
      /Expected --tls-cert and --tls-key to listen on 10.77.0.1/,
    );
    const { address, child, ended } = await agent([...listen, '--tls-cert', certificate, '--tls-key', key], {
      inside,
    });
    const table = join(folder, 'namespace.lut');
    const measure = (...args: string[]) =>
      run([
        ...['ip', 'netns', 'exec', host, process.execPath, MAIN, 'latency', 'measure', '--space', name],
        ...['--out', table, '--agent', address, '--token-file', token, '-q', ...QUICK, ...args],
      ]);
    assert.match((await measure()).stderr, /Expected an agent at 10.77.0.1:7757 but: .*self-signed/);
    assert.match((await measure('--insecure-plaintext')).stderr, /Expected an agent at 10.77.0.1:7757 but: /);
    const { code, stderr } = await measure('--tls-ca', certificate);
    assert.equal(code, 0, stderr);
    assert.deepEqual(new Set(readTable(table).rows.map((row) => row.key)), keys);
    child.kill('SIGTERM');
    await ended;
  } finally {
    for (const namespace of [device, host])
      spawnSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' });
  }
});

function run([command, ...args]: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(command!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })));
}
