import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { SinglePathError } from '../../src/core/errors.js';
import { parseAddress } from '../../src/latency/agent/address.js';
import { Agent } from '../../src/latency/agent/agent.js';
import type { AgentSession } from '../../src/latency/agent/agentSession.js';
import { batchesOf, runMessage } from '../../src/latency/agent/hostPlan.js';
import { METHOD, sizeOf } from '../../src/latency/agent/method.js';
import type { HostMessage } from '../../src/latency/agent/protocol.js';
import { makeTokenFile, readToken, sameToken, TOKEN_VARIABLE } from '../../src/latency/agent/token.js';
import { LocalSession } from '../../src/latency/device/local.js';
import type { JobResult } from '../../src/latency/device/session.js';
import { identityOf } from '../../src/latency/environment.js';
import { pathRows } from '../../src/latency/rows.js';
import { withoutAddon } from '../cli/native.js';
import { temporaryFolder } from '../temporaryFolder.js';
import {
  BLOCKS,
  children,
  everyRow,
  LISTEN,
  openAgentAt,
  results,
  SETTINGS,
  SPACE,
  STOP,
  startAgent,
  TOKEN,
  wireTo,
} from './agents.js';

const folder = temporaryFolder();
const whole = {
  seq: 99,
  blocks: pathRows(
    SPACE,
    SPACE.genes.map(() => 2),
  ),
  timers: true,
};

/** Sends messages as a program that is not singlepath, and returns how the call ended. */
function call(port: number, messages: HostMessage[], token = `Bearer ${TOKEN}`): Promise<ServiceError> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', token);
  const stream = client.makeBidiStreamRequest(
    METHOD.path,
    METHOD.requestSerialize,
    METHOD.responseDeserialize,
    metadata,
  );
  return new Promise<ServiceError>((resolve) => {
    stream.on('error', resolve);
    stream.on('data', () => {});
    for (const message of messages) stream.write(message);
  }).finally(() => client.close());
}

const open = (protocol: { major: number; minor: number }, more: object = {}): HostMessage => ({
  open: { protocol, tool: 'test', host: 'test', settings: SETTINGS, ...more },
});

describe('an agent', { skip: withoutAddon() }, () => {
  let agent: Agent;
  let session: AgentSession;
  before(async () => {
    agent = await startAgent();
    session = await openAgentAt(agent.address.port);
  });
  after(async () => {
    await session[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });
  const outcome = (all: JobResult[]) => all.map(({ seq, status: how }) => [seq, how]);

  it('measures rows and paths as this machine does, and says where it is', async () => {
    await using local = new LocalSession({ ...SETTINGS, runtime: 'singlepath' });
    assert.deepEqual(session.abilities, local.abilities);
    assert.deepEqual(identityOf(await session.environment()), identityOf(await local.environment()));
    const jobs = [...everyRow(), whole];
    const measured = await results(session, jobs);
    assert.deepEqual(
      outcome(measured),
      jobs.map(({ seq }) => [seq, 'ok']),
    );
    assert.ok(measured.every(({ totals }) => totals.length >= 5 && totals.every(Number.isSafeInteger)));
    assert.equal(measured[0]!.blocks, undefined);
    assert.equal(measured.at(-1)!.blocks!.length, whole.blocks.length);
  });

  it('serves one host at a time', async () => {
    await assert.rejects(openAgentAt(agent.address.port), {
      code: 'DEVICE_UNAVAILABLE',
      message: /Expected a free device but .*process \d+ measures on it since 20/,
    });
  });

  it('a block it does not know is the status of its jobs', async () => {
    const node = (fields: object) =>
      ({ input: BLOCKS[0]!.input, graph: { nodes: [fields] } }) as (typeof BLOCKS)[0];
    const blocks = [
      node({ op: 'teleport', name: 'x', inputs: [0] }),
      node({ op: 'constructor', name: 'x', inputs: [0] }),
      node({ op: 'activation', name: 'x', inputs: [7], function: 'relu' }),
      node({ op: 'conv2d', name: 'x', inputs: [0], out: 1e9, kernel: 3, stride: 1, groups: 1, padding: 1 }),
      BLOCKS[0]!,
    ];
    const jobs = blocks.map((_, row) => ({ seq: row, blocks: [row], timers: false }));
    const all = await results(session, jobs, { blocks });
    assert.deepEqual(
      new Map(all.map(({ seq, status: how }) => [seq, how])),
      new Map([0, 1, 2, 3, 4].map((seq) => [seq, seq === 4 ? 'ok' : 'failed'])),
    );
    assert.match(all.find(({ seq }) => seq === 0)!.error!, /does not know the op 'teleport'/);
  });

  it('stops when it is told to, and goes on with the next run', async () => {
    const controller = new AbortController();
    const endless = { ...STOP, maxSeconds: 30, samples: 1e6 };
    const aborted = results(session, [whole, ...everyRow()], {
      signal: controller.signal,
      stop: endless,
      onResult: ({ seq }) => assert.fail(`job ${seq} ended`),
    });
    await sleep(100);
    controller.abort();
    await assert.rejects(aborted, { code: 'ABORTED' });
    assert.deepEqual(outcome(await results(session, everyRow().slice(0, 2))), [
      [0, 'ok'],
      [1, 'ok'],
    ]);
  });

  it('a job that crashes or hangs is its status, and the next one runs', async (t) => {
    if (process.platform !== 'linux') return t.skip('finds its process with /proc');
    const signals = new Map<number, NodeJS.Signals>([
      [0, 'SIGKILL'],
      [2, 'SIGSTOP'],
    ]);
    // Slow enough to be in the next job when the signal comes.
    const slow = { ...STOP, maxSeconds: 0.2, samples: 1e6, timeout: 0.5 };
    const all = await results(session, everyRow().slice(0, 5), {
      stop: slow,
      onResult: ({ seq }) => {
        const signal = signals.get(seq);
        if (signal !== undefined) process.kill(children().at(-1)!, signal);
      },
    });
    assert.deepEqual(outcome(all), [
      [0, 'ok'],
      [1, 'failed'],
      [2, 'ok'],
      [3, 'timeout'],
      [4, 'ok'],
    ]);
    assert.match(all[3]!.error!, /it did not end within/);
    assert.match(all[1]!.error!, /the measuring process ended with SIGKILL/);
  });
});

describe('an agent on its own', { skip: withoutAddon() }, () => {
  it('refuses a wrong token, none, another major version, and nonsense', async () => {
    await using agent = await startAgent();
    const { port } = agent.address;
    await assert.rejects(openAgentAt(port, 'another-token-of-some-length'), {
      code: 'INVALID_ARGUMENT',
      message: /agent at 127.0.0.1:\d+: Expected its token/,
      hint: /--token-file/,
    });
    for (const token of ['', TOKEN, `Bearer ${TOKEN}x`, 'Bearer ']) {
      assert.equal((await call(port, [], token)).code, status.UNAUTHENTICATED, token);
    }
    const older = await call(port, [open({ major: 0, minor: 9 })]);
    assert.equal(older.code, status.FAILED_PRECONDITION);
    assert.match(older.details, /Expected protocol 1 .* but the host \(test\) speaks 0.9/);
    assert.match((await call(port, [{ look: {} }])).details, /Expected an Open/);
    const wrong = open({ major: 1, minor: 0 }, { settings: { ...SETTINGS, threads: -1 } });
    assert.match((await call(port, [wrong])).details, /Expected settings as proto.*threads/);
    const large = open({ major: 1, minor: 0 }, { host: 'x'.repeat(5 * 1024 * 1024) });
    assert.equal((await call(port, [large])).code, status.RESOURCE_EXHAUSTED);
  });

  it('is free again when the connection of its host is cut, which is an error with the way on', async () => {
    await using agent = await startAgent();
    using wire = await wireTo(agent.address.port);
    await using session = await openAgentAt(wire.port);
    const cut = results(session, everyRow(), { onResult: ({ seq }) => seq === 1 && wire.cut() });
    await assert.rejects(cut, {
      code: 'MEASUREMENT',
      message: /The connection to the agent at .* was lost/,
      hint: /--resume/,
    });
    await sleep(50);
    assert.match((await call(agent.address.port, [{ look: {} }])).details, /Expected an Open/);
  });

  it('takes the lease of a host that falls silent, not of one that lives', async () => {
    await using agent = await startAgent(0.4);
    const { port } = agent.address;
    using wire = await wireTo(port);
    await using session = await openAgentAt(wire.port);
    await sleep(1000);
    assert.match((await call(port, [])).details, /Expected a free device/);
    assert.equal((await session.environment()).runtime, 'singlepath');
    wire.silence();
    await sleep(1000);
    assert.match((await call(port, [{ look: {} }])).details, /Expected an Open/);
  });

  it('that is not there, or whose port is taken, is told', async () => {
    await assert.rejects(openAgentAt(1), {
      code: 'DEVICE_UNAVAILABLE',
      message: /Expected an agent at 127.0.0.1:1 but: .*ECONNREFUSED/,
      hint: /singlepath agent --listen/,
    });
    await using agent = await startAgent();
    const taken = { listen: agent.address, token: TOKEN, leaseSeconds: 1 };
    await assert.rejects(Agent.start(taken), { code: 'DEVICE_UNAVAILABLE', hint: /another port/ });
  });
});

it('a long plan is sent in parts that fit', () => {
  const plan = { blocks: BLOCKS, stop: STOP, jobs: everyRow() };
  const limit = sizeOf({ run: runMessage(plan, 0) }) / 3;
  const parts = batchesOf(plan, limit);
  assert.ok(parts.length >= 3);
  assert.deepEqual(parts.flat(), plan.jobs);
  for (const jobs of parts) assert.ok(sizeOf({ run: runMessage({ ...plan, jobs }, 0) }) <= limit);
});

describe('access to an agent', () => {
  it('beyond this machine needs TLS, or to be asked for without', async () => {
    for (const host of ['0.0.0.0', '192.168.1.5', '::', 'pi.local']) {
      await assert.rejects(Agent.start({ listen: { host, port: 0 }, token: TOKEN, leaseSeconds: 1 }), {
        code: 'INVALID_ARGUMENT',
        message: /Expected --tls-cert and --tls-key/,
        hint: /--insecure-plaintext/,
      });
    }
    await using open = await Agent.start({
      listen: { host: '0.0.0.0', port: 0 },
      token: TOKEN,
      insecurePlaintext: true,
      leaseSeconds: 1,
    });
    assert.ok(open.address.port > 0);
    const tls = { certificate: Buffer.from('no PEM'), key: Buffer.from('no PEM') };
    await assert.rejects(Agent.start({ listen: LISTEN, token: TOKEN, leaseSeconds: 1, tls }), {
      code: 'INVALID_ARGUMENT',
      message: /Expected a certificate and its key in PEM/,
    });
  });

  it('a token file is made for its owner alone, and refused where others may read it', () => {
    const file = join(folder, 'token');
    assert.equal(makeTokenFile(file), true);
    assert.equal(makeTokenFile(file), false);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(readToken(file), readFileSync(file, 'utf8').trim());
    chmodSync(file, 0o640);
    assert.throws(() => readToken(file), {
      code: 'INVALID_ARGUMENT',
      message: /mode 640/,
      hint: /chmod 600/,
    });
    const short = join(folder, 'short');
    writeFileSync(short, 'secret\n', { mode: 0o600 });
    assert.throws(() => readToken(short), /at least 16/);
    assert.throws(() => readToken(join(folder, 'none')), { code: 'IO' });
    assert.throws(
      () => readToken(undefined),
      (error: SinglePathError) => error.message.includes(TOKEN_VARIABLE),
    );
    assert.ok(sameToken('abc', 'abc') && !sameToken('abc', 'abd') && !sameToken('', 'abc'));
  });

  it('addresses are host:port', () => {
    assert.deepEqual(parseAddress('[::1]:7757', '--listen'), { host: '::1', port: 7757 });
    assert.deepEqual(parseAddress('pi.local:0', '--listen'), { host: 'pi.local', port: 0 });
    for (const text of ['pi.local', ':7757', '::1:7757', '[pi]:1', 'pi:70000', 'pi:x', ''])
      assert.throws(() => parseAddress(text, '--agent'), /Expected host:port for --agent/, text);
  });
});
