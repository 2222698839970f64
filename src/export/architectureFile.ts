import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DataConfig } from '../config/schema/data.js';
import { type Cost, costOf } from '../cost/cost.js';
import { addon, packageVersion } from '../runtime/addon.js';
import { formatArchitecture } from '../space/architecture.js';
import { spaceHash } from '../space/hash.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import type { Parity } from './parity.js';

/** How images become the network's input: value / 255, then (value - mean) / std per channel. */
export interface InputDescription {
  mean: readonly number[];
  std: readonly number[];
  channelOrder?: 'rgb' | 'bgr';
}

/** Where test images come from and how they are cut out, as in the configuration's `data`. */
export type DataDescription = Pick<
  DataConfig,
  'kind' | 'path' | 'testPath' | 'testFraction' | 'testImages' | 'resize' | 'upright'
>;

/** `architecture.json`: everything about an exported network but its weights. */
export interface ArchitectureFile {
  format: 1;
  space: { name: string; hash: string };
  architecture: number[];
  /** As `--arch` takes it. */
  text: string;
  genes: { name: string; kind: string; value: number; label: string }[];
  costs: Cost;
  /** Input [N, channels, size, size], float32. */
  input: { channels: number; size: number; mean?: number[]; std?: number[]; channelOrder?: string };
  classes: number;
  /** Names of the classes, by number of the logit. */
  classNames?: string[];
  /** The test images it was made for. */
  data?: DataDescription;
  parity: Parity;
  /** Where there is an ONNX file. */
  onnx?: { parity: Parity | 'not checked' };
  /** SHA-256 of the files beside it, by name. */
  sha256?: Record<string, string>;
  versions: { singlepath: string; torch: string; node: string };
}

export function describeArchitecture(
  space: SearchSpace,
  architecture: Architecture,
  {
    input,
    data,
    classNames,
    parity,
    sha256,
  }: {
    input: InputDescription | undefined;
    data: DataDescription | undefined;
    classNames: readonly string[] | undefined;
    parity: Parity;
    sha256: Record<string, string>;
  },
): ArchitectureFile {
  const { genes, name } = space;
  return {
    format: 1,
    space: { name, hash: spaceHash(space) },
    architecture: [...architecture],
    text: formatArchitecture(space, architecture),
    genes: genes.map(({ name: gene, kind, labels }, i) => {
      const value = architecture[i]!;
      return { name: gene, kind, value, label: labels[value]! };
    }),
    costs: costOf(space, architecture),
    input: {
      ...space.input,
      ...(input && { mean: [...input.mean], std: [...input.std] }),
      ...(input?.channelOrder && { channelOrder: input.channelOrder }),
    },
    classes: space.classes,
    ...(classNames && { classNames: [...classNames] }),
    ...(data && { data }),
    parity,
    sha256,
    versions: { singlepath: packageVersion(), torch: addon().versions().torch, node: process.versions.node },
  };
}

/** What programs that read the ONNX file alone have to know, as its metadata. Nothing that differs from run to run. */
export function onnxMetadata({
  space,
  text,
  costs,
  input,
  classes,
}: ArchitectureFile): Record<string, string> {
  const values = { space: space.name, space_hash: space.hash, architecture: text, costs, input, classes };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `singlepath.${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

export const ARCHITECTURE_FILE = 'architecture.json';

/** `architecture.json` beside an exported script; undefined where there is none of ours. */
export function readArchitectureFile(script: string): ArchitectureFile | undefined {
  try {
    const content = JSON.parse(readFileSync(join(dirname(script), ARCHITECTURE_FILE), 'utf8'));
    return content?.format === 1 ? (content as ArchitectureFile) : undefined;
  } catch {
    return undefined;
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether a script is the very file that `architecture.json` beside it was written with. */
export function isExported(script: string): boolean {
  const known = readArchitectureFile(script)?.sha256;
  const name = basename(script);
  if (known === undefined || !Object.hasOwn(known, name)) return false;
  return sha256Of(readFileSync(script)) === known[name];
}
