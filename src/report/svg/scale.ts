/** Values to pixels. */
export type Scale = (value: number) => number;

export function linearScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): Scale {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** The smallest and largest of some values with a little room around them; [0, 1] of none. */
export function extent(values: Iterable<number>, room = 0.05): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const margin = high > low ? room * (high - low) : room * (Math.abs(high) || 1);
  return [low - margin, high + margin];
}

/** At most `count` round numbers (1, 2 or 5 times a power of ten apart) inside a domain. */
export function ticks([low, high]: readonly [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  // The smallest step with so few ticks.
  for (const factor of [0.5, 1, 2, 5, 10, 20]) {
    const step = power * factor;
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    if (last - first < count)
      return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  }
  return [low];
}

/** 1.2M, 350, 0.05: a tick as few characters. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  for (const [suffix, power] of [
    ['G', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ] as const) {
    if (size >= power) return `${Number((value / power).toPrecision(4))}${suffix}`;
  }
  return String(Number(value.toPrecision(4)));
}
