import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { costStatistics } from '../src/cost/statistics.js';
import { accuracyOf } from '../src/latency/accuracy.js';
import { costTable } from '../src/latency/cost/costTable.js';
import { diffTables } from '../src/latency/diff.js';
import { readTable } from '../src/latency/format/files.js';
import { predict } from '../src/latency/predict.js';
import type { TableAccuracy } from '../src/latency/table.js';
import { spaceOfTable } from '../src/pipeline/latency/latencyTable.js';
import { formatTable } from '../src/report/table.js';
import { UniformSampler } from '../src/sampling/uniform.js';

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../configs/small/spos-shufflenet-v2.yaml', import.meta.url));

const USAGE = `npm run bench -- latency [options]

Is a lookup table of this machine right? Measures one twice with the default settings, compares the two, calibrates one and
verifies it on held-out networks (where two numbers are not enough, the rows are fitted to 220 networks), searches under a
bound from it, whose winner is measured, and does the last two again through an agent (as root in a network namespace of
its own). 5 to 9 minutes on an idle machine; exit code 1 where a figure is not what docs/latency.md promises.

  --size N        image size of the 20-block space (64)
  --folder DIR    where tables and runs go (a new temporary one)
  --seed N        (0)
  --set PATH=VALUE  another setting than the default, such as latency.paths=40; repeatable`;

/** What docs/latency.md promises of a calibrated table on an idle machine. */
const WANTED = { mape: 5, kendall: 0.9 } as const;

/** Enough networks to fit the rows; so many need fewer repetitions each. */
const REFIT = ['--paths', '220', '--set', 'latency.repetitions=6'];

interface Finding {
  what: string;
  got: string;
  wanted: string;
  good: boolean;
}

export async function latencyBench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      size: { type: 'string', default: '64' },
      seed: { type: 'string', default: '0' },
      folder: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'singlepath-latency-'));
  const settings = values.set.flatMap((setting) => ['--set', setting]);
  const space = ['-c', CONFIG, '--set', `space.size=${values.size}`, '--seed', values.seed, ...settings];
  const [a, b] = ['a.lut', 'b.lut'].map((name) => join(folder, name)) as [string, string];
  const findings: Finding[] = [];
  console.log(`${cpus()[0]?.model}, ${cpus().length} processors, load ${describeLoad()}; files in ${folder}`);

  for (const out of [a, b])
    await singlepath('latency', 'measure', ...space, '--threads', '1', '--out', out, '--overwrite');
  findings.push(...agreement(a, b));
  findings.push(...(await calibrateAndVerify(a, settings)));

  const supernet = join(folder, 'supernet');
  await singlepath('train', ...space, '--set', 'train.steps=20', '-d', supernet);
  const table = readTable(a);
  const opened = spaceOfTable(table, a);
  const bound = costStatistics(opened, costTable(opened, table)).quantile(0.4);
  const search = (name: string, ...more: string[]) =>
    searchUnder(bound, a, [
      '--supernet',
      supernet,
      '-d',
      join(folder, name),
      '--score',
      'supernet',
      ...settings,
      ...more,
    ]);
  findings.push(...found('search', bound, table.header.accuracy, await search('search')));

  await using agent = await startAgent(join(folder, 'token'));
  findings.push(
    ...accuracy(`held-out networks, agent ${agent.where}`, await verify(a, ...settings, ...agent.options)),
  );
  findings.push(
    ...found('search, agent', bound, table.header.accuracy, await search('search-agent', ...agent.options)),
  );

  console.log(`\nload ${describeLoad()} at the end`);
  const titles = ['', 'got', 'wanted', ''].map((title) => ({ title }));
  console.log(
    formatTable(
      titles,
      findings.map(({ what, got, wanted, good }) => [what, got, wanted, good ? 'yes' : 'NO']),
    ),
  );
  if (findings.some(({ good }) => !good)) process.exitCode = 1;
}

const describeLoad = (): string => loadavg()[0]!.toFixed(2);

/**
 * Calibrates with the default number of networks; where that is not enough, with so many that the rows are fitted too.
 * What is found is of the last.
 */
async function calibrateAndVerify(table: string, settings: string[]): Promise<Finding[]> {
  await singlepath('latency', 'calibrate', table, ...settings);
  const plain = await verify(table, ...settings);
  if (plain.mape <= WANTED.mape && (plain.kendall ?? 0) >= WANTED.kendall)
    return accuracy('held-out networks', plain);
  console.log(
    `  mean absolute error ${plain.mape.toFixed(2)} %, tau ${digits(plain.kendall)}: rows are fitted too`,
  );
  await singlepath('latency', 'calibrate', table, ...settings, ...REFIT);
  const refitted = await verify(table, ...settings);
  return accuracy(`held-out networks, rows fitted (tau was ${digits(plain.kendall)})`, refitted);
}

/** What two measurements of one machine say about the same networks. */
function agreement(a: string, b: string): Finding[] {
  const [left, right] = [readTable(a), readTable(b)];
  const space = spaceOfTable(left, a);
  const sampler = new UniformSampler(space, 1);
  const networks = Array.from({ length: 200 }, (_, i) => sampler.at(i));
  const [one, two] = [left, right].map((table) => predict(space, table, networks).map(({ rawMs }) => rawMs));
  const { medianChange, largestChange } = diffTables(left, right);
  const percent = (share: number | null) => `${(100 * (share ?? Number.NaN)).toFixed(2)} %`;
  return [
    ...accuracy('the second table against the first, 200 networks', accuracyOf(two!, one!)),
    {
      what: 'rows of the two tables, median and largest difference',
      got: `${percent(medianChange)}, ${percent(largestChange)}`,
      wanted: 'median <= 5 %',
      good: (medianChange ?? 1) <= WANTED.mape / 100,
    },
  ];
}

const digits = (correlation: number | null): string => correlation?.toFixed(3) ?? '-';

function accuracy(of: string, { mape, kendall }: Pick<TableAccuracy, 'mape' | 'kendall'>): Finding[] {
  return [
    {
      what: `${of}: mean absolute error`,
      got: `${mape.toFixed(2)} %`,
      wanted: `<= ${WANTED.mape} %`,
      good: mape <= WANTED.mape,
    },
    {
      what: `${of}: Kendall's tau`,
      got: digits(kendall),
      wanted: `>= ${WANTED.kendall}`,
      good: (kendall ?? 0) >= WANTED.kendall,
    },
  ];
}

async function verify(table: string, ...more: string[]): Promise<TableAccuracy> {
  const { accuracy: own, repeatability } = JSON.parse(
    await singlepath('latency', 'verify', table, '--json', ...more),
  ) as { accuracy: TableAccuracy; repeatability: number | null };
  console.log(
    `  bias ${own.bias.toFixed(2)} %, within 5 %: ${own.within5.toFixed(0)} %, Spearman ${digits(own.spearman)}, repeatability ${repeatability?.toFixed(2)} %`,
  );
  return own;
}

/** Predicted and measured nanoseconds of a search's winner. */
async function searchUnder(bound: number, table: string, more: string[]) {
  const metric = `latency[${table}]`;
  const constraint = JSON.stringify([`${metric}<=${Math.round(bound)}ns`]);
  const text = await singlepath('search', ...more, '--set', `search.constraints=${constraint}`, '--json');
  const { winner } = JSON.parse(text) as {
    winner: { costs: Record<string, number>; measured?: Record<string, number> };
  };
  return { predicted: winner.costs[metric]!, measured: winner.measured?.[metric] };
}

function found(
  what: string,
  bound: number,
  table: TableAccuracy | undefined,
  { predicted, measured = Number.NaN }: Awaited<ReturnType<typeof searchUnder>>,
): Finding[] {
  const us = (ns: number) => `${(ns / 1e3).toFixed(1)} us`;
  const error = 100 * Math.abs(predicted / measured - 1);
  return [
    {
      what: `${what}: winner predicted ${us(predicted)}, measured`,
      got: us(measured),
      wanted: `<= ${us(bound)}`,
      good: measured <= bound,
    },
    {
      what: `${what}: error of its prediction (the table's is ${table?.mape.toFixed(2)} %)`,
      got: `${error.toFixed(2)} %`,
      wanted: `<= ${WANTED.mape} %`,
      good: error <= WANTED.mape,
    },
  ];
}

/** Runs a command as a user does; returns what it prints. */
async function singlepath(...args: string[]): Promise<string> {
  console.log(`$ singlepath ${args.join(' ')}`);
  const start = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args, '-q'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  console.log(`  ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (code !== 0) throw new Error(`it ended with exit code ${code}`);
  return text;
}

/** An agent on this machine: as root in a network namespace of its own, else on loopback. */
async function startAgent(token: string): Promise<{ where: string; options: string[] } & AsyncDisposable> {
  const name = `singlepath-bench-${process.pid}`;
  const namespaced = process.getuid?.() === 0 && makeNamespace(name);
  const listen = namespaced ? '10.77.1.2:7757' : '127.0.0.1:0';
  const inside = namespaced ? ['ip', 'netns', 'exec', name] : [];
  const plain = namespaced ? ['--insecure-plaintext'] : [];
  const [command, ...args] = [...inside, process.execPath, MAIN, 'agent', '--listen', listen];
  const child: ChildProcess = spawn(command!, [...args, '--token-file', token, '-q', ...plain], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await new Promise<Buffer[]>((resolve) =>
    child.stdout!.once('data', (...data) => resolve(data)),
  )) as [Buffer];
  const [, address] = /^listening on (\S+)/.exec(line.toString())!;
  return {
    where: namespaced ? 'in another network namespace' : 'over loopback',
    options: ['--agent', address!, '--token-file', token, ...plain],
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('close', resolve));
      if (namespaced) execFileSync('ip', ['netns', 'delete', name]);
    },
  };
}

function makeNamespace(name: string): boolean {
  const ip = (text: string) => execFileSync('ip', text.split(' '), { stdio: 'pipe' });
  const here = `spbench${process.pid % 1e5}`;
  try {
    ip(`netns add ${name}`);
    ip(`link add ${here} type veth peer name wire netns ${name}`);
    ip(`address add 10.77.1.1/24 dev ${here}`);
    ip(`link set ${here} up`);
    ip(`-n ${name} address add 10.77.1.2/24 dev wire`);
    ip(`-n ${name} link set wire up`);
    return true;
  } catch (error) {
    console.log(`no network namespace here: ${(error as Error).message.trim()}`);
    return false;
  }
}
