import { stringify } from 'yaml';
import { parseYaml } from '../../config/yaml.js';
import { SinglePathError } from '../../core/errors.js';
import type { SearchSpace } from '../../space/types.js';
import { bestRows, type LatencyTable, rowTime } from '../table.js';
import { type KeyStyle, mobileKeys, onceForAllKey, proxylessKey } from './mobileKeys.js';
import type { ForeignTime, ForeignTimes } from './times.js';

/** A project that keeps its tables as YAML: key, then `{count, mean, <spread>}` in milliseconds. */
export interface YamlStyle {
  key: KeyStyle;
  /** What it calls the spread: a variance (ProxylessNAS) or a standard deviation (Once-for-all). */
  spread: 'var' | 'std';
}

export const YAML_STYLES = {
  proxyless: { key: proxylessKey, spread: 'var' },
  ofa: { key: onceForAllKey, spread: 'std' },
} as const satisfies Record<string, YamlStyle>;

/** @throws SinglePathError `INVALID_TABLE` where it is no YAML of this form. */
export function readYamlTimes(text: string, { spread }: YamlStyle, path: string): ForeignTimes {
  const content = parse(text, path);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw notYaml(path, 'it is no mapping');
  }
  return new Map(
    Object.entries(content).map(([key, value]): [string, ForeignTime] => {
      const { mean, count, [spread]: width = 0 } = (value ?? {}) as Record<string, unknown>;
      if (typeof mean !== 'number') throw notYaml(path, `'${key}' has no number as mean`);
      return [
        key,
        { mean, spread: typeof width === 'number' ? width : 0, count: typeof count === 'number' ? count : 0 },
      ];
    }),
  );
}

function parse(text: string, path: string): unknown {
  try {
    return parseYaml(text, path).value;
  } catch (cause) {
    throw notYaml(path, (cause as Error).message);
  }
}

function notYaml(path: string, problem: string): SinglePathError {
  return new SinglePathError('INVALID_TABLE', `Expected a YAML lookup table in '${path}' but ${problem}`, {
    hint: 'each key has {count, mean, var} (proxyless) or {count, mean, std} (ofa), in milliseconds',
  });
}

/**
 * A table for programs of the other project. `mean` is the time our sums use: the published mean of an imported row,
 * else the median. Calibration has no place in these files.
 *
 * @throws SinglePathError `INVALID_TABLE` for rows these files have no key for.
 */
export function writeYamlTimes(
  space: SearchSpace,
  table: LatencyTable,
  { key: style, spread }: YamlStyle,
): string {
  const best = bestRows(table);
  const without: string[] = [];
  const entries = [...mobileKeys(space, style)].flatMap(([row, [way]]): [string, object][] => {
    const measured = best.get(row.key);
    if (measured === undefined) return [];
    if (way === undefined) {
      without.push(row.label);
      return [];
    }
    const [key, ...parts] = way;
    if (key === undefined) return [];
    const { times, published } = measured;
    const deviation = (times?.std ?? 0) / 1e6;
    const width = published?.spread ?? (spread === 'var' ? deviation ** 2 : deviation);
    return [
      [key, { count: times?.n ?? 0, mean: published?.mean ?? rowTime(measured)! / 1e6, [spread]: width }],
      // The row was measured as one.
      ...parts.map((part): [string, object] => [part, { count: 0, mean: 0, [spread]: 0 }]),
    ];
  });
  if (without.length > 0) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected MobileNet blocks in '${space.name}' but these rows have no key in such files: ${without.join(', ')}`,
      { hint: 'export it as .json or .csv' },
    );
  }
  return stringify(Object.fromEntries(entries));
}
