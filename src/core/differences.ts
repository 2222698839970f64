/** A leaf in which two pieces of plain data differ. */
export interface Difference {
  /** `train.learningRate` */
  path: string;
  /** As JSON, or `absent`. */
  there: string;
  here: string;
}

/** Every leaf that differs, by its path; undefined reads as absent. `path` is the name of the data as a whole. */
export function differences(there: unknown, here: unknown, path = ''): Difference[] {
  if (isRecord(there) && isRecord(here)) {
    const keys = [...new Set([...Object.keys(there), ...Object.keys(here)])].sort();
    return keys.flatMap((key) => differences(there[key], here[key], path === '' ? key : `${path}.${key}`));
  }
  const [a, b] = [JSON.stringify(there) ?? 'absent', JSON.stringify(here) ?? 'absent'];
  return a === b ? [] : [{ path, there: a, here: b }];
}

/** `train.learningRate: 0.5 there, 0.1 here`, or with other words for the two places. */
export function describeDifference({ path, there, here }: Difference, one = 'there', other = 'here'): string {
  return `${path}: ${there} ${one}, ${here} ${other}`;
}

/** The first five of them, in one line for an error. */
export function firstDifferences(texts: readonly string[]): string {
  const rest = texts.length - 5;
  return texts.slice(0, 5).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
