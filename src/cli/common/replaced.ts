import type { Config } from '../../config/schema/config.js';
import { parseConstraints } from '../../cost/constraint.js';
import type { SearchOptions } from './options.js';
import type { Session } from './session.js';

/**
 * Says which limits `--constraint` has put out of force: its list takes the place of that of the configuration, which may have
 * come from the supernet's run without being typed. Another limit on the same cost is meant to replace it.
 *
 * @param before the configuration without the option.
 */
export function warnReplaced({ log }: Session, { constraint }: SearchOptions, before: () => Config): void {
  if (constraint.length === 0) return;
  const limited = new Set(parseConstraints(constraint).map(({ metric }) => metric));
  const replaced = before().search.constraints.filter((text) =>
    parseConstraints(text).some(({ metric }) => !limited.has(metric)),
  );
  if (replaced.length === 0) return;
  log.warn(
    `--constraint takes the place of ${replaced.join(', ')} of the configuration: give that as well where it is to hold`,
  );
}
