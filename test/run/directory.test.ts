import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { DirectoryLock } from '../../src/core/lock.js';
import { RunDirectory } from '../../src/run/directory.js';
import { readEvents } from '../../src/run/events.js';
import { freshPath, tinySpace } from './fixtures.js';

const config = { seed: 1, train: { steps: 100, learningRate: 0.5 } };
const options = { kind: 'train' as const, space: tinySpace(), config };

test('a run directory holds the configuration, events, and a result', async () => {
  const path = freshPath();
  {
    using run = await RunDirectory.open(path, options);
    assert.equal(run.resumed, false);
    run.log({ type: 'started', step: 0 });
    run.summaries.scalars(1, { loss: 1 });
    await run.writeResult({ accuracy: 0.5 });
    assert.ok(existsSync(join(path, 'lock')));
  }
  assert.deepEqual(readdirSync(path).sort(), [
    'config.yaml',
    'events.jsonl',
    'result.json',
    'run.json',
    'tensorboard',
  ]);
  assert.deepEqual(parse(readFileSync(join(path, 'config.yaml'), 'utf8')), config);
  assert.deepEqual(JSON.parse(readFileSync(join(path, 'result.json'), 'utf8')), { accuracy: 0.5 });
  assert.equal(readEvents(join(path, 'events.jsonl'))[0]!.type, 'started');
});

test('what a run goes on from may be looked at, and refused, before its directory changes; damage is noted once', async () => {
  const path = freshPath();
  {
    using run = await RunDirectory.open(path, options);
    for (const step of [1, 2, 3]) await run.checkpoints.save(step, { done: step });
  }
  writeFileSync(join(path, 'checkpoints', 'step-0000003', 'state.json'), 'torn');
  const renamed = { ...options, identity: config, config: { ...config, log: 'new' }, resume: true };
  const before = readFileSync(join(path, 'config.yaml'), 'utf8');
  const refusal = new Error('not this one');
  const checkResumed = (state: unknown) => {
    assert.deepEqual(state, { done: 2 });
    throw refusal;
  };
  const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);
  const files = openFiles();
  await assert.rejects(RunDirectory.open(path, { ...renamed, checkResumed }), refusal);
  assert.equal(openFiles(), files, 'nothing stays open');
  assert.equal(readFileSync(join(path, 'config.yaml'), 'utf8'), before);
  assert.deepEqual(readEvents(join(path, 'events.jsonl')), []);

  using run = await RunDirectory.open(path, { ...renamed, checkResumed: () => {} });
  // Proof that it is not read again.
  rmSync(join(path, 'checkpoints'), { recursive: true });
  assert.equal(run.restore<{ done: number }>()!.state.done, 2);
  assert.match(
    String(readEvents(join(path, 'events.jsonl')).map(({ error }) => error)),
    /^Expected JSON in .*3\/state/,
  );
  assert.equal(run.restore(), undefined, 'asked again, it looks again');
});

test('it is continued only on request, and only by the same run', async () => {
  const path = freshPath();
  (await RunDirectory.open(path, options)).dispose();
  await assert.rejects(RunDirectory.open(path, options), { code: 'INVALID_CONFIG', hint: /--resume/ });
  {
    using run = await RunDirectory.open(path, { ...options, resume: true });
    assert.equal(run.resumed, true);
  }
  const changed = { seed: 1, train: { steps: 100, learningRate: 0.1 } };
  await assert.rejects(RunDirectory.open(path, { ...options, config: changed, resume: true }), {
    code: 'INVALID_CONFIG',
    message: /train\.learningRate: 0\.5 there, 0\.1 here/,
  });
  await assert.rejects(RunDirectory.open(path, { ...options, space: tinySpace(100), resume: true }), {
    code: 'INVALID_CONFIG',
    message: /spaceHash/,
  });
  await assert.rejects(
    RunDirectory.open(path, { ...options, kind: 'search', resume: true }),
    /kind: "train" there/,
  );
});

test("a person's files are not written over, what a start that was killed has left is", async () => {
  const holding = (files: Record<string, string>) => {
    const path = freshPath();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), text);
    }
    return path;
  };
  const files = { 'space.yaml': Buffer.from('name: a'), 'tables/1-pi.lut': Buffer.from([255, 0]) };
  const refused: Record<string, string>[] = [
    { 'config.yaml': `# mine\n${stringify(config)}` },
    { 'config.yaml': 'train: {steps: 100}\n' },
    { 'config.yaml': 'train:\n  steps: 100\n' },
    { 'config.yaml': ': no YAML [' },
    { 'space.yaml': 'name: b' },
    { 'tables/1-pi.lut': 'another' },
  ];
  for (const theirs of refused) {
    const [[name, text]] = Object.entries(theirs) as [[string, string]];
    const path = holding(theirs);
    await assert.rejects(RunDirectory.open(path, { ...options, files }), {
      code: 'INVALID_CONFIG',
      message: `Expected an empty folder or a run directory in '${path}' but found '${name}'`,
    });
    assert.equal(readFileSync(join(path, name), 'utf8'), text);
  }
  // Its settings may be others now.
  const begun = stringify({ seed: 2, train: { steps: 7, learningRate: 1 } });
  const left = holding({ 'config.yaml': begun, 'space.yaml': 'name: a', 'run.json.tmp-1': '{' });
  using run = await RunDirectory.open(left, { ...options, files });
  assert.equal(run.resumed, false);
});

test('what does not decide the result may change', async () => {
  const path = freshPath();
  const identity = { seed: 1 };
  (await RunDirectory.open(path, { ...options, identity, config: { seed: 1, threads: 2 } })).dispose();
  using run = await RunDirectory.open(path, {
    ...options,
    identity,
    config: { seed: 1, threads: 4 },
    resume: true,
  });
  assert.equal(run.resumed, true);
});

test('config.yaml names files that are there, also where a resumed run has others', async () => {
  const path = freshPath();
  const identity = { seed: 1 };
  const open = (name: string, resume: boolean) =>
    RunDirectory.open(path, {
      ...options,
      identity,
      resume,
      config: { latency: { tables: { pi: `tables/1-${name}` } } },
      files: { [`tables/1-${name}`]: Buffer.from(`a table: ${name}`) },
    });
  for (const [name, resume] of [
    ['a.lut', false],
    ['b.lut', true],
  ] as const) {
    (await open(name, resume)).dispose();
    const { latency } = parse(readFileSync(join(path, 'config.yaml'), 'utf8'));
    assert.equal(readFileSync(join(path, latency.tables.pi), 'utf8'), `a table: ${name}`);
  }
});

test('a run of an earlier version is not asked for settings that it did not note', async () => {
  const path = freshPath();
  (await RunDirectory.open(path, { ...options, identity: { seed: 1 } })).dispose();
  const now = { seed: 1, naswotImages: 32, evaluate: { batchSize: 8 } };
  (await RunDirectory.open(path, { ...options, identity: now, resume: true })).dispose();
  const noted = freshPath();
  (await RunDirectory.open(noted, { ...options, identity: now })).dispose();
  await assert.rejects(
    RunDirectory.open(noted, { ...options, identity: { ...now, naswotImages: 8 }, resume: true }),
    /naswotImages: 32 there, 8 here/,
  );
});

test('resuming an empty or absent directory starts the run', async () => {
  using run = await RunDirectory.open(freshPath(), { ...options, resume: true });
  assert.equal(run.resumed, false);
});

test('a folder with other files is not touched', async () => {
  const path = freshPath();
  mkdirSync(path);
  writeFileSync(join(path, 'thesis.tex'), '');
  await assert.rejects(RunDirectory.open(path, options), { code: 'INVALID_CONFIG', message: /thesis\.tex/ });
  assert.deepEqual(readdirSync(path), ['thesis.tex']);
});

test('a path that cannot be written is an IO error', async (t) => {
  const file = freshPath();
  writeFileSync(file, '');
  await assert.rejects(RunDirectory.open(join(file, 'run'), options), { code: 'IO', hint: /not a folder/ });
  // The superuser passes permission bits, so a read-only file system it is.
  const mount = freshPath();
  mkdirSync(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', mount], { stdio: 'ignore' });
  } catch {
    t.diagnostic('read-only file system not tested: no permission to mount');
    return;
  }
  try {
    await assert.rejects(RunDirectory.open(mount, options), { code: 'IO', hint: /read-only/ });
  } finally {
    execFileSync('umount', [mount]);
  }
});

test('one process at a time: a living owner is named', async () => {
  const path = freshPath();
  using run = await RunDirectory.open(path, options);
  const message = new RegExp(`process ${process.pid} on ${hostname()}`);
  await assert.rejects(RunDirectory.open(path, { ...options, resume: true }), { code: 'IO', message });
  assert.ok(existsSync(join(run.path, 'lock')));
});

test('the lock of a process killed without warning is taken over', async () => {
  const path = freshPath();
  mkdirSync(path);
  const lock = join(path, 'lock');
  const script = `
    const { DirectoryLock } = await import(${JSON.stringify(new URL('../../src/core/lock.js', import.meta.url).href)});
    DirectoryLock.acquire(${JSON.stringify(lock)}, 'folder');
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  assert.throws(() => DirectoryLock.acquire(lock, 'folder'), {
    code: 'IO',
    message: new RegExp(`process ${child.pid}`),
  });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  {
    using _mine = DirectoryLock.acquire(lock, 'folder');
    assert.equal(JSON.parse(readFileSync(lock, 'utf8')).pid, process.pid);
  }
  assert.deepEqual(readdirSync(path), []);
});

test('a killed process that its parent never asks for does not hold the lock', {
  skip: process.platform !== 'linux' && 'Linux only',
}, async () => {
  const path = freshPath();
  // `sleep` takes the place of the shell and knows nothing of the child it inherits, which stays a zombie.
  const command = 'sleep 30 & echo $!; exec sleep 60';
  const parent = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    const fields = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    writeFileSync(path, JSON.stringify({ pid, host: hostname(), started: fields()[19] }));
    assert.throws(() => DirectoryLock.acquire(path, 'folder'), { code: 'IO' });
    process.kill(pid, 'SIGKILL');
    while (fields()[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 10));
    DirectoryLock.acquire(path, 'folder')[Symbol.dispose]();
    assert.ok(!existsSync(path));
  } finally {
    parent.kill();
  }
});

test('a reused process id is not taken for the owner', {
  skip: process.platform !== 'linux' && 'Linux only',
}, () => {
  const path = freshPath();
  writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), started: '1' }));
  DirectoryLock.acquire(path, 'folder')[Symbol.dispose]();
  assert.ok(!existsSync(path));
});

test('a lock of another machine is respected', () => {
  const path = freshPath();
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: null }));
  assert.throws(() => DirectoryLock.acquire(path, 'folder'), { code: 'IO', hint: /delete/ });
});

test('a directory that is deleted or moved while its run goes on is an error at the next event, checkpoint or result', async () => {
  for (const [how, away] of [
    ['deleted', (path: string) => rmSync(path, { recursive: true })],
    ['moved', (path: string) => renameSync(path, `${path}-moved`)],
    [
      'made anew',
      (path: string) => {
        rmSync(path, { recursive: true });
        mkdirSync(path);
      },
    ],
  ] as const) {
    const path = freshPath();
    using run = await RunDirectory.open(path, options);
    run.log({ type: 'started', step: 0 });
    away(path);
    const gone = { code: 'IO', message: /deleted, moved or taken over/, hint: /--resume/ };
    assert.throws(() => run.log({ type: 'step', step: 1 }), gone, how);
    assert.throws(() => run.sync(), gone, how);
    await assert.rejects(run.writeResult({}), gone, how);
    assert.equal(existsSync(join(path, 'checkpoints')), false);
  }
});
