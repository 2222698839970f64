/** Where a part of a document is: keys, and numbers of list items. */
export type ConfigPath = readonly (string | number)[];

/** Values of one document, aliases written out: far above any real space, far below what would hold up the process. */
const MOST_VALUES = 100_000;
const MOST_LEVELS = 100;

/** Why a value is not a tree of plain data, and where. */
export interface TreeProblem {
  path: ConfigPath;
  /** What is wrong with the value at `path`; `key` where its last part is no name for a setting. */
  problem: 'key' | 'cycle' | 'size' | 'depth';
}

/**
 * Looks for what makes a document harmful before anything walks it: a part that holds itself, aliases that multiply
 * into millions of values, nesting without end, and `__proto__`, which JavaScript takes for something else than a key.
 * Parts that are used several times are looked at once.
 */
export function treeProblem(root: unknown): TreeProblem | undefined {
  const sizes = new Map<object, number>();
  const above = new Set<object>();
  let found: TreeProblem | undefined;

  const sizeOf = (value: unknown, path: ConfigPath): number => {
    if (typeof value !== 'object' || value === null || found !== undefined) return 1;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    if (above.has(value)) return report(path, 'cycle');
    if (path.length > MOST_LEVELS) return report(path, 'depth');
    above.add(value);
    let size = 1;
    for (const [key, inner] of Object.entries(value)) {
      const below = [...path, Array.isArray(value) ? Number(key) : key];
      if (key === '__proto__') return report(below, 'key');
      size += sizeOf(inner, below);
      if (size > MOST_VALUES) return report(below, 'size');
    }
    above.delete(value);
    sizes.set(value, size);
    return size;
  };
  const report = (path: ConfigPath, problem: TreeProblem['problem']): number => {
    found ??= { path, problem };
    return 1;
  };

  sizeOf(root, []);
  return found;
}

/** What was expected in place of the problem. */
export function describeProblem({ path, problem }: TreeProblem): string {
  const where = path.length === 0 ? 'the top level' : path.join('.');
  switch (problem) {
    case 'key':
      return `Expected a known key for ${path.slice(0, -1).join('.') || 'the top level'} but received '__proto__'`;
    case 'cycle':
      return `Expected a value for ${where} but received one that contains itself`;
    case 'size':
      return `Expected at most ${MOST_VALUES} values but ${where} has more, aliases counted each time they are used`;
    case 'depth':
      return `Expected at most ${MOST_LEVELS} levels but ${path.slice(0, 3).join('.')}… has more`;
  }
}

/** What lies at a path; undefined where there is nothing. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (inside as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}
