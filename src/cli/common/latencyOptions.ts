import { Option } from 'commander';
import type { Shortcut } from './configOf.js';
import { collect, type OptionGroup, positiveNumber } from './options.js';

/** What the options for how networks are deployed give. */
export interface DeploymentOptions {
  threads?: number;
  batch?: number;
  dtype?: string;
  runtime?: string;
  method?: string;
}

/** How networks are deployed and measured. */
export const DEPLOYMENT: OptionGroup = [
  new Option('--threads <number>', 'threads of one operation (setting: latency.threads)').argParser(
    positiveNumber,
  ),
  new Option('--batch <number>', 'images at once (setting: latency.batch)').argParser(positiveNumber),
  new Option('--dtype <fp32|bf16>', 'storage of activations (setting: latency.dtype)'),
  new Option(
    '--runtime <singlepath|torchscript|onnxruntime>',
    'what runs the blocks (setting: latency.runtime)',
  ),
  new Option(
    '--method <in_context|isolated|both>',
    'measure blocks inside random paths, alone, or both (setting: latency.method)',
  ),
];

/** The settings these options stand for. A runner and onnxruntime take whole networks only. */
export function deploymentShortcuts(
  { threads, batch, dtype, runtime, method }: DeploymentOptions,
  runner?: string,
): Shortcut[] {
  const whole = runner !== undefined || runtime === 'onnxruntime';
  const possible = method ?? (whole ? 'isolated' : undefined);
  return [
    { path: ['latency', 'threads'], value: threads, option: '--threads' },
    { path: ['latency', 'batch'], value: batch, option: '--batch' },
    { path: ['latency', 'dtype'], value: dtype, option: '--dtype' },
    { path: ['latency', 'runtime'], value: runtime, option: '--runtime' },
    { path: ['latency', 'method'], value: possible, option: '--method' },
  ];
}

/** What the options for how agents are reached give. */
export interface AgentAccessOptions {
  tokenFile?: string;
  tlsCa?: string;
  insecurePlaintext?: boolean;
}

/** How agents are reached. */
const AGENT_ACCESS: OptionGroup = [
  new Option('--token-file <file>', "the agent's token (or set SINGLEPATH_AGENT_TOKEN)"),
  new Option(
    '--tls-ca <file>',
    "certificate of the authority that signed the agent's, in PEM; or the agent's own",
  ),
  new Option('--insecure-plaintext', 'talk to an agent on another machine without TLS'),
];

export interface TrustOptions {
  trust?: boolean;
}

/** A table names the command that measured it, and is a file as any other. */
export const TRUST: OptionGroup = [
  new Option('--trust', 'run the command that a latency table names: it can do what you can'),
];

/** What the options for the devices of a search's tables give. */
export interface DevicesOptions extends AgentAccessOptions, TrustOptions {
  agent: string[];
  runner: string[];
}

/** Where the best candidates of a search under latency constraints are measured. */
export const DEVICES: OptionGroup = [
  new Option(
    '--agent <host:port>',
    'measure the best candidates on the device where singlepath agent listens; repeatable, one for each latency table',
  )
    .argParser(collect)
    .default([]),
  ...AGENT_ACCESS,
  new Option(
    '--runner <command>',
    'measure the best candidates with this command, where it is the one that measured the latency table; repeatable',
  )
    .argParser(collect)
    .default([]),
  ...TRUST,
];

/** What the options for the device give. */
export interface DeviceOptions extends AgentAccessOptions {
  agent?: string;
  runner?: string;
  runnerPattern?: string;
  device?: string;
}

/** What measures, where it is not this machine. */
export const DEVICE: OptionGroup = [
  new Option('--agent <host:port>', 'the device where singlepath agent listens').conflicts('runner'),
  ...AGENT_ACCESS,
  new Option(
    '--runner <command>',
    "a command that times a file, such as 'bench.sh {onnx}' or 'bench.sh {torchscript}'; its last line must be the time in milliseconds",
  ),
  new Option(
    '--runner-pattern <regex>',
    'finds the time in everything that the command prints: its groups value and unit, or its first group in milliseconds',
  ),
  new Option('--device <name>', 'name of the device on which the runner measures'),
];
