/** What went wrong, for programs. The CLI maps each code to its exit code (see {@link exitCodeOf}). */
export type ErrorCode =
  | 'INVALID_ARGUMENT' // a value is not what was expected
  | 'INVALID_CONFIG' // a configuration file or option
  | 'INVALID_SPACE' // a search space whose graphs do not fit
  | 'INFEASIBLE_CONSTRAINT' // no architecture meets the constraints
  | 'INVALID_DATASET'
  | 'INVALID_CHECKPOINT'
  | 'INVALID_TABLE' // a latency table that is damaged, incomplete or of something else
  | 'MEASUREMENT' // a latency could not be measured
  | 'IO'
  | 'NON_FINITE_LOSS'
  | 'EXPORT_MISMATCH' // exported network does not compute the same numbers
  | 'DEVICE_UNAVAILABLE'
  | 'DEVICE_FAILED' // a GPU takes no more work from this process
  | 'OUT_OF_MEMORY' // of the machine or of a GPU
  | 'NATIVE_MISSING' // addon or libtorch not found
  | 'NATIVE' // libtorch raised an error
  | 'RANK_LOST' // another process of the group is gone, failed or silent
  | 'RANKS_DIFFER' // processes that are to do the same were started differently
  | 'DISPOSED' // a handle used after dispose()
  | 'ABORTED';

export interface ErrorDetails {
  /** What the user can do about it. */
  hint?: string | undefined;
  cause?: unknown;
}

/** The only error class singlepath throws. Message form: expected what, where, got what. */
export class SinglePathError extends Error {
  override readonly name = 'SinglePathError';
  readonly hint: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails | null = {},
  ) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details?.hint;
  }
}

/** `Expected <what> for <where> but received <got>`: the one message form for bad values. */
export function expected(
  what: string,
  where: string,
  got: unknown,
  details: ErrorDetails = {},
): SinglePathError {
  return new SinglePathError(
    'INVALID_ARGUMENT',
    `Expected ${what} for ${where} but received ${show(got)}`,
    details,
  );
}

/** The CLI's exit code for an error: the table of exit codes in README.md. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SinglePathError)) return 1;
  switch (error.code) {
    case 'INVALID_ARGUMENT':
    case 'INVALID_CONFIG':
    case 'INVALID_SPACE':
    case 'INVALID_TABLE':
    case 'RANKS_DIFFER':
      return 2;
    case 'NATIVE_MISSING':
      return 3;
    case 'INFEASIBLE_CONSTRAINT':
      return 4;
    case 'RANK_LOST':
      return 5;
    case 'ABORTED':
      return 130;
    default:
      return 1;
  }
}

/** A value as errors show it: JSON, but with the numbers that JSON turns into null. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    const unquoted = '\u0000';
    const text = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'number' && !Number.isFinite(inner) ? `${unquoted}${inner}${unquoted}` : inner,
    ).replaceAll(/"\\u0000(.+?)\\u0000"/g, '$1');
    return text.length > 120 ? `${text.slice(0, 117)}...` : text;
  } catch {
    return String(value);
  }
}

/** Prefixes the errors of `work` with the setting they are about, or the place where it is written. */
export function withPrefix<T>(prefix: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SinglePathError)) throw error;
    throw new SinglePathError(error.code, prefix + error.message, error);
  }
}

/** Whether an error says that functions called each other until the stack was full. */
export function isFullStack(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}

/** Hint for a mistyped name: `did you mean 'x'?`, or the list of known names when nothing is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? `known: ${known.join(', ')}` : `did you mean '${best}'?`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length]!;
}
