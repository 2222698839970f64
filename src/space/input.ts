import { expected, SinglePathError } from '../core/errors.js';
import type { Graph } from '../graph/graph.js';
import { checkSpace } from './check.js';
import type { SearchSpace } from './types.js';

/** The options that every space has. */
export const INPUT_OPTIONS: readonly string[] = ['size', 'classes', 'channels'];

/** The value of one of {@link INPUT_OPTIONS}. @throws SinglePathError `INVALID_ARGUMENT` unless it is a positive integer. */
export function checkInputOption(space: string, key: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 1) return value as number;
  throw expected('a positive integer', `${key} of '${space}'`, value);
}

/** Another input size or number of classes for the same network. */
export interface InputOptions {
  /** Height and width of the input images. */
  size?: number | undefined;
  classes?: number | undefined;
}

const variants = new WeakMap<SearchSpace, Map<string, SearchSpace>>();

/**
 * The space for another input size or number of classes; the same object where nothing changes.
 *
 * @throws SinglePathError `INVALID_SPACE` where shapes do not fit, or the last op is no linear layer to resize.
 */
export function withInput(space: SearchSpace, options: InputOptions): SearchSpace {
  const { size = space.input.size, classes = space.classes } = options;
  if (size === space.input.size && classes === space.classes) return space;
  const known = variants.get(space) ?? new Map<string, SearchSpace>();
  variants.set(space, known);
  const key = `${size} ${classes}`;
  let variant = known.get(key);
  if (!variant) {
    variant = { ...space, input: { ...space.input, size }, classes };
    if (classes !== space.classes) variant.layers = withClasses(space, classes);
    checkSpace(variant);
    known.set(key, variant);
  }
  return variant;
}

function withClasses(space: SearchSpace, classes: number): SearchSpace['layers'] {
  const last = space.layers.at(-1)!;
  const choices = last.choices.map(({ name, graph }) => ({
    name,
    graph: resizeLinear(space, graph, classes),
  }));
  return [...space.layers.slice(0, -1), { ...last, choices }];
}

function resizeLinear(space: SearchSpace, { nodes }: Graph, classes: number): Graph {
  const last = nodes.at(-1);
  if (last?.op !== 'linear') {
    throw new SinglePathError(
      'INVALID_SPACE',
      `Expected a linear layer at the end of space '${space.name}' to change its classes`,
    );
  }
  return { nodes: [...nodes.slice(0, -1), { ...last, out: classes }] };
}
