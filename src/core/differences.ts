/** `train.learningRate: 0.5 there, 0.1 here` for every leaf that differs; undefined reads as absent. */
export function differences(there: unknown, here: unknown, path = ''): string[] {
  if (isRecord(there) && isRecord(here)) {
    const keys = [...new Set([...Object.keys(there), ...Object.keys(here)])].sort();
    return keys.flatMap((key) => differences(there[key], here[key], path === '' ? key : `${path}.${key}`));
  }
  const [a, b] = [JSON.stringify(there) ?? 'absent', JSON.stringify(here) ?? 'absent'];
  return a === b ? [] : [`${path}: ${a} there, ${b} here`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
