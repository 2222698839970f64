import { SinglePathError } from '../../core/errors.js';

/** An option that decides nothing, such as --device without --runner. */
export interface OptionWithoutEffect {
  option: string;
  /** What was given for it; undefined or false where nothing was. */
  given: unknown;
  /** What it lacks, as the user would write it, or what does in its place. */
  expected: `${string} beside` | `${string} in place of`;
  /** Where the same is said otherwise. */
  hint?: string;
}

/**
 * Whoever types an option means something by it.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for the first of these options that was given.
 */
export function refuseWithoutEffect(options: readonly OptionWithoutEffect[]): void {
  const found = options.find(({ given }) => given !== undefined && given !== false);
  if (found === undefined) return;
  const { option, expected, hint } = found;
  const message = `Expected ${expected} ${option}, which decides nothing as it stands`;
  throw new SinglePathError('INVALID_ARGUMENT', message, { hint });
}
