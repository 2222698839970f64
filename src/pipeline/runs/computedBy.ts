import type { Config } from '../../config/schema/config.js';
import { describeDifference, differences } from '../../core/differences.js';
import { holdsRun } from '../../run/header.js';
import { Timeline } from '../../run/timeline.js';
import { addon, packageVersion } from '../../runtime/addon.js';
import { type ProcessorIdentity, processorIdentity } from '../setup/processor.js';

/** What decides the bits of a result besides settings. */
export interface ComputedBy extends ProcessorIdentity {
  torch: string;
  singlepath: string;
}

/** What computes with these settings here. */
export function computedBy(runtime: Config['runtime']): ComputedBy {
  const { torch } = addon().versions();
  return { torch, singlepath: packageVersion(), ...processorIdentity(runtime) };
}

/** The same in one line: what scores of candidates are kept under. */
export function computedByText(runtime: Config['runtime']): string {
  const { torch, singlepath, isa, aten, card } = computedBy(runtime);
  const libtorch = `libtorch ${torch}${aten === undefined ? '' : ` (${aten})`}`;
  return [`singlepath ${singlepath}`, libtorch, isa, card].filter((part) => part !== undefined).join(', ');
}

/**
 * Says of a run that goes on that its numbers are rounded otherwise from now on; undefined where they are not, and of what the run
 * does not tell.
 */
export function describeOtherMachine(runDir: string, runtime: Config['runtime']): string | undefined {
  if (!holdsRun(runDir)) return undefined;
  const { environment } = new Timeline(runDir).readAll();
  if (environment === undefined) return undefined;
  const noted = Object.entries(computedBy(runtime)).filter(([name]) => Object.hasOwn(environment, name));
  const now = Object.fromEntries(noted);
  const before = Object.fromEntries(noted.map(([name]) => [name, environment[name as keyof ComputedBy]]));
  const changed = differences(before, now).map((one) => describeDifference(one, 'before', 'now'));
  if (changed.length === 0) return undefined;
  return `the run in '${runDir}' was computed otherwise so far (${changed.join('; ')}): numbers from here on differ in their last digits from those that one machine would give`;
}
