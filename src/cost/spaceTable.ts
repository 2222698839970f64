import { definitionOf } from '../graph/graph.js';
import type { Shape } from '../graph/node/types.js';
import { inferShapes, readerOf } from '../graph/walk.js';
import { inputShape } from '../space/check.js';
import type { GeneKind, Layer, SearchSpace } from '../space/types.js';
import { formatCost } from './constraint.js';
import { layerProfiles } from './layers.js';
import { spaceSize } from './statistics.js';

/**
 * A space as a Markdown table, one row per run of equal layers, with what each layer costs at least and at most:
 * the tables of docs/spaces.md.
 */
export function spaceTable(space: SearchSpace): string {
  const rows: { first: string; last: string; cells: string[] }[] = [];
  let input = inputShape(space);
  space.layers.forEach((layer, index) => {
    const output = outputOf(space, layer, input);
    const cells = [show(input), contents(layer), genes(space, index), show(output), madds(space, index)];
    const previous = rows.at(-1);
    if (previous?.cells.join() === cells.join()) previous.last = layer.name;
    else rows.push({ first: layer.name, last: layer.name, cells });
    input = output;
  });
  const body = rows.map(({ first, last, cells: [from, ...cells] }) => {
    const name = first === last ? first : `${first} … ${last.replace('layers.', '')}`;
    return `| ${[from, name, ...cells].join(' | ')} |`;
  });
  const size = spaceSize(space);
  const count = size < 10n ** 7n ? size.toLocaleString('en-US') : Number(size).toExponential(1);
  return [
    '| input | layer | choices | further genes | output | MAdds of each |',
    '|---|---|---|---|---|---|',
    ...body,
    '',
    `${space.genes.length} genes, ${count} architectures.`,
  ].join('\n');
}

function outputOf(space: SearchSpace, { choices }: Layer, input: Shape): Shape {
  const anyArchitecture = space.genes.map(() => 0);
  return inferShapes(choices[0]!.graph, input, readerOf(anyArchitecture)).at(-1)!;
}

function show({ channels, height }: Shape): string {
  return `${height}² x ${channels}`;
}

/** Names of alternatives; the ops of a layer without them. */
function contents({ name, gene, choices }: Layer): string {
  if (gene === undefined && !name.startsWith('layers.'))
    return choices[0]!.graph.nodes.map((node) => definitionOf(node).label?.(node) ?? node.op).join(', ');
  return choices.map((choice) => choice.name).join(', ');
}

function genes(space: SearchSpace, layer: number): string {
  const own = (kind: GeneKind) => space.genes.find((gene) => gene.layer === layer && gene.kind === kind);
  return (['width', 'bits'] as const)
    .map(own)
    .filter((gene) => gene !== undefined)
    .map(({ kind, labels }) => `${kind}: ${labels.join(', ')}`)
    .join('; ');
}

function madds(space: SearchSpace, layer: number): string {
  const costs = layerProfiles(space)[layer]!.costs.map((cost) => cost.madds);
  const [low, high] = [Math.min(...costs), Math.max(...costs)].map((cost) => formatCost('madds', cost));
  return low === high ? low! : `${low} … ${high}`;
}
