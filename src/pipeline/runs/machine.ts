import { describeDifference, differences } from '../../core/differences.js';
import { holdsRun } from '../../run/header.js';
import { Timeline } from '../../run/timeline.js';
import { addon, packageVersion } from '../../runtime/addon.js';

/** What decides the bits of a result besides settings. */
export function machineIdentity(): { torch: string; singlepath: string; isa: string } {
  const { torch } = addon().versions();
  return { torch, singlepath: packageVersion(), isa: addon().cpu().isa };
}

/** The same in one line: what scores of candidates are kept under. */
export function machineText(): string {
  const { torch, singlepath, isa } = machineIdentity();
  return `singlepath ${singlepath}, libtorch ${torch}, ${isa}`;
}

/**
 * Says of a run that goes on that its numbers are rounded otherwise from now on; undefined where they are not, and of a run that
 * does not tell what computed it.
 */
export function describeOtherMachine(runDir: string): string | undefined {
  if (!holdsRun(runDir)) return undefined;
  const { environment } = new Timeline(runDir).readAll();
  if (environment === undefined) return undefined;
  const { torch, singlepath, isa, device } = environment;
  const now = machineIdentity();
  // On a card the instruction set of the CPU computes nothing.
  const before = { torch, singlepath, isa: device === 'cpu' ? isa : now.isa };
  const changed = differences(before, now).map((one) => describeDifference(one, 'before', 'now'));
  if (changed.length === 0) return undefined;
  const way =
    before.isa !== now.isa && addon().cpu().available.includes(before.isa)
      ? `; SINGLEPATH_ISA=${before.isa} goes on as before`
      : '';
  return `the run in '${runDir}' was computed otherwise so far (${changed.join('; ')}): numbers from here on differ in their last digits from those that one machine would give${way}`;
}
