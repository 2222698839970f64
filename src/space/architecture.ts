import { checkArguments } from '../core/check.js';
import { expected } from '../core/errors.js';
import type { Architecture, Gene, GeneKind, SearchSpace } from './types.js';

/**
 * Throws unless `architecture` has one integer in range per gene.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming the gene.
 */
export function checkArchitecture(space: SearchSpace, architecture: Architecture): void {
  checkArguments('an architecture', { geneSpace: space, architecture });
  const { genes, name } = space;
  if (architecture.length !== genes.length) {
    throw expected(`${genes.length} genes`, `an architecture of '${name}'`, architecture.length, {
      hint:
        genes.length === 0 ? 'this network has nothing to choose' : `one number per gene: ${orderOf(genes)}`,
    });
  }
  for (let i = 0; i < genes.length; i++) {
    const value = architecture[i]!;
    const { size, name: gene, labels } = genes[i]!;
    if (!isOfGene(value, size)) {
      throw expected(`an integer from 0 to ${size - 1}`, `gene ${i} (${gene}) of '${name}'`, value, {
        hint: labels.map((label, index) => `${index} = ${label}`).join(', '),
      });
    }
  }
}

/**
 * Where only the sizes of genes are known.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` for a value that a gene of this size does not have.
 */
export function checkGene(architecture: readonly number[], gene: number, size: number): void {
  const value = architecture[gene];
  if (!isOfGene(value, size))
    throw expected(`a whole number from 0 to ${size - 1}`, `gene ${gene} of an architecture`, value);
}

function isOfGene(value: number | undefined, size: number): boolean {
  return Number.isInteger(value) && value! >= 0 && value! < size;
}

/**
 * Reads an architecture and checks it. Accepts an array of genes; text: `0,1,2`, `0-1-2`, a JSON array, or one digit per
 * gene (`22212220`) where all genes have at most ten values; objects `{arch}` or `{architecture}` (any of the former) or one array per kind
 * of gene: `{blocks, scale_ids}`, `{block, width, bits}`. A block of -1 is the layer's identity choice.
 *
 * @throws SinglePathError `INVALID_ARGUMENT`.
 */
export function parseArchitecture(space: SearchSpace, source: unknown): Architecture {
  checkArguments('parseArchitecture()', { geneSpace: space });
  const values = readValues(space, source);
  const architecture = values.map((value, index) => (value === -1 ? identityOf(space, index) : value));
  checkArchitecture(space, architecture);
  return architecture;
}

/** `0,1,2`, kinds of genes separated by a slash (`0,1,2/7,5,6`): what {@link parseArchitecture} reads back. */
export function formatArchitecture(space: SearchSpace, architecture: Architecture): string {
  checkArguments('formatArchitecture()', { geneSpace: space, architecture });
  const { genes } = space;
  return architecture
    .map((value, i) => `${i === 0 ? '' : genes[i]?.kind === genes[i - 1]?.kind ? ',' : '/'}${value}`)
    .join('');
}

function readValues(space: SearchSpace, source: unknown): number[] {
  if (typeof source === 'string') return readText(space, source);
  if (Array.isArray(source)) return source.map((value) => readNumber(space, value));
  if (typeof source === 'object' && source !== null)
    return readObject(space, source as Record<string, unknown>);
  throw notAnArchitecture(space, source);
}

function readText(space: SearchSpace, source: string): number[] {
  const text = source.trim();
  if (/^[[{]/.test(text)) {
    try {
      return readValues(space, JSON.parse(text));
    } catch (cause) {
      throw cause instanceof SyntaxError ? notAnArchitecture(space, source, cause) : cause;
    }
  }
  const compact = space.genes.length > 1 && /^\d+$/.test(text);
  if (compact && space.genes.some(({ size }) => size > 10)) throw notAnArchitecture(space, source);
  return (compact ? [...text] : text.split(/[\s,/]+|(?<=\d)-/)).map((value) => readNumber(space, value));
}

/** Names of the arrays in architectures given kind by kind. */
const KEYS: Record<GeneKind, readonly string[]> = {
  block: ['blocks', 'block'],
  width: ['scale_ids', 'widths', 'width'],
  bits: ['bits'],
};

function readObject(space: SearchSpace, source: Record<string, unknown>): number[] {
  const whole = source.arch ?? source.architecture;
  if (whole !== undefined) return readValues(space, whole);
  const kinds = Object.keys(KEYS) as GeneKind[];
  const keyOf = (kind: GeneKind) => KEYS[kind].find((name) => source[name] !== undefined);
  if (kinds.every((kind) => keyOf(kind) === undefined)) throw notAnArchitecture(space, source);
  return kinds.flatMap((kind) => {
    const key = keyOf(kind) ?? KEYS[kind][0]!;
    const count = space.genes.filter((gene) => gene.kind === kind).length;
    const given = source[key] ?? [];
    const where = `'${key}' in an architecture of '${space.name}'`;
    if (!Array.isArray(given)) throw expected(`an array of ${count} ${kind} genes`, where, given);
    if (given.length !== count) throw expected(`${count} ${kind} genes`, where, given.length);
    return given.map((value) => readNumber(space, value));
  });
}

function readNumber(space: SearchSpace, value: unknown): number {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number') throw notAnArchitecture(space, value);
  return number;
}

function identityOf(space: SearchSpace, index: number): number {
  const gene = space.genes[index];
  const identity = gene?.kind === 'block' ? gene.labels.indexOf('identity') : -1;
  return identity; // -1 where there is none: checkArchitecture says so
}

function notAnArchitecture(space: SearchSpace, got: unknown, cause?: Error) {
  const example = space.genes.map(() => 0).join(',');
  return expected(`genes such as ${example}`, `an architecture of '${space.name}'`, got, {
    cause,
    hint: `one number per gene: ${orderOf(space.genes)}`,
  });
}

/** `20 block, then 20 width` */
function orderOf(genes: readonly Gene[]): string {
  const kinds = [...new Set(genes.map((gene) => gene.kind))];
  return kinds.map((kind) => `${genes.filter((gene) => gene.kind === kind).length} ${kind}`).join(', then ');
}
