import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { dimensionsOf, type Graph } from '../graph/graph.js';
import type { Shape } from '../graph/node/types.js';
import { showShape } from '../graph/ops/op.js';
import { inferShapes, largest, readerOf } from '../graph/walk.js';
import { combinations, genesOf } from './combinations.js';
import { checkName } from './names.js';
import type { SearchSpace } from './types.js';

/** Shapes of a choice's values, each the largest over the genes it reads. */
export interface ChoiceShapes {
  layer: number;
  graph: Graph;
  values: Shape[];
}

export function inputShape({ input }: SearchSpace): Shape {
  return { channels: input.channels, height: input.size, width: input.size };
}

/** Prefix of error messages about a choice of a layer, such as the line of a file it is written in. */
export type Locate = (layer: number, choice: number) => string;

/**
 * Checks that a space makes sense: names are unique, genes fit the dimensions they choose and belong to one layer,
 * and all choices of a layer yield the same shape for all values of its genes, so that any path runs.
 *
 * @throws SinglePathError `INVALID_SPACE`.
 */
export function checkSpace(space: SearchSpace, locate: Locate = () => ''): void {
  checkArguments('checkSpace()', { space });
  checkInput(space);
  checkNames(space, locate);
  checkGenes(space);
  const output = walkSpace(space, () => {}, locate);
  if (output.channels !== space.classes || output.height !== 1 || output.width !== 1) {
    const what = `${space.classes} logits (classes) as output`;
    throw invalid(space, what, showShape(output), locate(space.layers.length - 1, 0));
  }
}

/**
 * Visits every choice of every layer with its largest shapes; returns the output shape of the network.
 *
 * @throws SinglePathError `INVALID_SPACE` where shapes do not fit.
 */
export function walkSpace(
  space: SearchSpace,
  visit: (shapes: ChoiceShapes) => void,
  locate: Locate = () => '',
): Shape {
  let input = inputShape(space);
  space.layers.forEach(({ choices }, layer) => {
    let output: Shape | undefined;
    choices.forEach(({ graph }, choice) => {
      try {
        const values = largestShapes(space, layer, choice, input, output);
        visit({ layer, graph, values: values.largest });
        output = values.output;
      } catch (error) {
        if (!(error instanceof SinglePathError)) throw error;
        throw new SinglePathError(error.code, locate(layer, choice) + error.message, error);
      }
    });
    input = output!;
  });
  return input;
}

/** Walks one choice for all values of its genes; every output must be `wanted`, where given, and the same. */
function largestShapes(
  space: SearchSpace,
  layer: number,
  choice: number,
  input: Shape,
  wanted: Shape | undefined,
): { largest: Shape[]; output: Shape } {
  const { name, choices } = space.layers[layer]!;
  const { name: choiceName, graph } = choices[choice]!;
  let values: Shape[] | undefined;
  let output = wanted;
  for (const architecture of combinations(space, genesOf(graph))) {
    const shapes = inferShapes(graph, input, readerOf(architecture));
    const result = shapes.at(-1)!;
    output ??= result;
    if (showShape(result) !== showShape(output)) {
      const where = `choice '${choiceName}' of layer '${name}', as its other choices and widths yield`;
      throw invalid(space, `${showShape(output)} from ${where}`, showShape(result));
    }
    values = values ? largest(values, shapes) : shapes;
  }
  return { largest: values!, output: output! };
}

function checkInput(space: SearchSpace): void {
  const { input, classes, layers } = space;
  for (const [what, value] of [
    ['input channels', input.channels],
    ['input size', input.size],
    ['classes', classes],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) throw invalid(space, `a positive integer as ${what}`, value);
  }
  if (layers.length === 0) throw invalid(space, 'at least one layer', 0);
}

function checkNames({ name: spaceName, layers }: SearchSpace, locate: Locate): void {
  const seen = new Set<string>();
  layers.forEach(({ choices }, layer) => {
    choices.forEach(({ graph }, choice) => {
      for (const { name } of graph.nodes) {
        if (seen.has(name)) {
          throw new SinglePathError(
            'INVALID_SPACE',
            `${locate(layer, choice)}Node name '${name}' is used twice in space '${spaceName}'`,
          );
        }
        seen.add(name);
        checkName(name, locate(layer, choice));
      }
    });
  });
}

function checkGenes(space: SearchSpace): void {
  space.genes.forEach((gene) => {
    if (gene.size < 1 || gene.labels.length !== gene.size) {
      throw invalid(space, `${gene.size} labels for gene '${gene.name}'`, gene.labels.length);
    }
  });
  space.layers.forEach(({ name, gene, choices }, layer) => {
    const block = gene === undefined ? undefined : space.genes[gene];
    if (gene !== undefined && (block?.layer !== layer || block.kind !== 'block')) {
      throw invalid(space, `a block gene of layer '${name}'`, gene);
    }
    const size = block?.size ?? 1;
    if (choices.length !== size) {
      throw invalid(space, `${size} choices in layer '${name}'`, choices.length);
    }
    for (const { graph } of choices) {
      for (const node of graph.nodes) {
        for (const dim of dimensionsOf(node)) {
          if (typeof dim === 'number') continue;
          const chosen = space.genes[dim.gene];
          if (chosen === undefined || chosen.layer !== layer || chosen.kind === 'block') {
            throw invalid(space, `a width or bits gene of layer '${name}' in node '${node.name}'`, dim.gene);
          }
          if (dim.values.length !== chosen.size) {
            const what = `${chosen.size} values of gene '${chosen.name}' in node '${node.name}'`;
            throw invalid(space, what, dim.values.length);
          }
        }
      }
    }
  });
}

function invalid(space: SearchSpace, what: string, got: string | number, where = ''): SinglePathError {
  return new SinglePathError(
    'INVALID_SPACE',
    `${where}Expected ${what} in space '${space.name}' but received ${got}`,
  );
}
