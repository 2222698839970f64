/** What the experiments of this folder share: options, the configuration of the demo, the networks of the truth. */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema/config.js';
import { writeFileAtomically } from '../../src/core/files.js';
import { packageRoot } from '../../src/core/packageRoot.js';
import { RandomStream } from '../../src/core/rng.js';
import { openSpace } from '../../src/pipeline/fromConfig.js';
import { legalArchitectures } from '../../src/pipeline/legalArchitectures.js';
import { Equivalence } from '../../src/space/equivalence.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';

/** The limit of the demo: networks that a search on this space chooses among. */
export const LIMIT = 'madds<=1M';

export interface Setting {
  space: SearchSpace;
  /** Where run directories and scores go. */
  runs: string;
  seeds: number[];
  own: Record<string, string>;
  /** The demo's configuration for a seed. */
  config(seed: number, ...set: string[]): Config;
}

/**
 * Reads `[--runs FOLDER] [--seeds 1,2,3] [--set path=value]...`.
 *
 * @param own further options with their defaults.
 */
export function readSetting(own: Record<string, string>): Setting {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: join('runs', 'experiments', 'fashion') },
      seeds: { type: 'string', default: '1,2,3' },
      set: { type: 'string', multiple: true, default: [] },
      ...Object.fromEntries(
        Object.entries(own).map(([name, value]) => [name, { type: 'string', default: value } as const]),
      ),
    },
  });
  const { runs, seeds, set } = values;
  const config = (seed: number, ...more: string[]): Config =>
    loadConfig({
      files: [join(packageRoot(), 'configs', 'demo.yaml')],
      set: [
        ...[`space.file=${join(packageRoot(), 'examples', 'spaces', 'fashion.yaml')}`, `seed=${seed}`],
        ...['retrain.epochs=4', 'train.epochs=8', ...set, ...more],
      ],
    });
  return {
    space: openSpace(config(1).space),
    ...{ runs, config, seeds: seeds.split(',').map(Number) },
    own: Object.fromEntries(Object.keys(own).map((name) => [name, String(Object(values)[name])])),
  };
}

/** Which networks are trained alone: so many drawn from the whole space, and so many from those under the limit. */
export function networksOf(space: SearchSpace, free: number, legal: number): Architecture[] {
  const equivalence = new Equivalence(space);
  const sets = [
    { set: legalArchitectures(space, []), count: free },
    { set: legalArchitectures(space, [LIMIT]), count: legal },
  ];
  const found = new Map<string, Architecture>();
  for (const [purpose, { set, count }] of sets.entries()) {
    const random = new RandomStream(0, 'test', purpose);
    for (const until = found.size + count; found.size < until; ) {
      const architecture = equivalence.canonical(set.draw(random));
      found.set(architecture.join(), architecture);
    }
  }
  return [...found.values()];
}

/** Reads what was computed before, or computes it and keeps it as `<runs>/<name>.json`. */
export async function kept<T>({ runs }: Setting, name: string, compute: () => Promise<T>): Promise<T> {
  const file = join(runs, `${name}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const value = await compute();
  mkdirSync(runs, { recursive: true });
  await writeFileAtomically(file, [JSON.stringify(value)]);
  return value;
}
