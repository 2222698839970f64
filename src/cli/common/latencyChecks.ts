import type { Config } from '../../config/schema/config.js';
import { expected } from '../../core/errors.js';
import { typedAs } from './configOf.js';
import type { AgentAccessOptions, DeploymentOptions, DeviceOptions } from './latencyOptions.js';
import type { ConfigOptions } from './options.js';
import { type OptionWithoutEffect, refuseWithoutEffect } from './withoutEffect.js';

/** @throws SinglePathError `INVALID_ARGUMENT` for ways to an agent where there is none, and for TLS that another option switches off. */
export function checkAccess(
  { tokenFile, tlsCa, insecurePlaintext }: AgentAccessOptions,
  agent: boolean,
): void {
  if (agent) {
    if (tlsCa !== undefined && insecurePlaintext)
      throw expected(
        'one of both',
        '--tls-ca and --insecure-plaintext, which sends the token without TLS,',
        tlsCa,
      );
    return;
  }
  refuseWithoutEffect([
    { option: '--token-file', given: tokenFile, expected: '--agent beside' },
    { option: '--tls-ca', given: tlsCa, expected: '--agent beside' },
    { option: '--insecure-plaintext', given: insecurePlaintext, expected: '--agent beside' },
  ]);
}

/**
 * @param runner whether a command measures, given or named by a table.
 * @throws SinglePathError `INVALID_ARGUMENT` for options of another device than the one that measures.
 */
export function checkDevice(options: DeviceOptions, runner: boolean): void {
  const { agent, device, runnerPattern } = options;
  checkAccess(options, agent !== undefined);
  if (runner) return;
  refuseWithoutEffect([
    { option: '--runner-pattern', given: runnerPattern, expected: '--runner beside' },
    { option: '--device', given: device, expected: '--runner beside', hint: COMPUTES },
  ]);
}

const COMPUTES =
  'it names the device of a runner; what computes on this machine is --set runtime.device=cuda';

/** A setting where the command line states it. */
function typed(
  options: ConfigOptions,
  path: readonly string[],
  expected: OptionWithoutEffect['expected'],
): OptionWithoutEffect {
  const option = typedAs(options, path);
  return { option: option ?? path.join('.'), given: option, expected };
}

/** @throws SinglePathError `INVALID_ARGUMENT` for settings of training, typed where networks have their own on a device. */
function checkDeployment(options: ConfigOptions): void {
  refuseWithoutEffect([
    typed(options, ['runtime', 'threads'], 'latency.threads in place of'),
    typed(options, ['runtime', 'precision'], 'latency.dtype in place of'),
  ]);
}

/** What a command that measures decides by itself. */
const OF_RUNNERS = [
  ['latency', 'runtime'],
  ['runtime', 'device'],
  ['runtime', 'kernels'],
  ...['samples', 'maxTime', 'warmUp', 'warmUpCalls'].map((name) => ['latency', name]),
];

/**
 * @param runner the command that measures, given or named by a table.
 * @throws SinglePathError `INVALID_ARGUMENT` for settings typed where what computes or measures has its own, or none.
 */
export function checkMeasures(
  options: ConfigOptions & DeploymentOptions,
  runner: string | undefined,
  { latency }: Config,
): void {
  checkDeployment(options);
  if (runner !== undefined) {
    const expected = 'a device without --runner beside';
    refuseWithoutEffect([
      { option: '--runtime', given: options.runtime, expected },
      ...OF_RUNNERS.map((path) => typed(options, path, expected)),
    ]);
  }
  if (latency.runtime !== 'singlepath')
    refuseWithoutEffect([typed(options, ['runtime', 'kernels'], 'latency.runtime singlepath beside')]);
}
