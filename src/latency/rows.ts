import { checkArguments } from '../core/check.js';
import { optionOf } from '../cost/table.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import type { Shape } from '../graph/node/types.js';
import { showShape } from '../graph/ops/op.js';
import { inferShapes, readerOf } from '../graph/walk.js';
import { checkArchitecture } from '../space/architecture.js';
import { inputShape } from '../space/check.js';
import { combinations, layerGenes } from '../space/combinations.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture, SearchSpace } from '../space/types.js';

/**
 * A block as it is deployed: nothing left to choose, affine BatchNorm, nodes named by their position. Plain data, so
 * that it can be sent to whatever measures it.
 */
export interface Block {
  input: Shape;
  graph: Graph;
}

/** A row of a lookup table before it is measured. */
export interface Row {
  /** Canonical text of input shape and graph: equal blocks of different layers are one row. */
  key: string;
  /** For people: `shuffle5x5`, `k3-e6`, `stem`. */
  label: string;
  block: Block;
  output: Shape;
}

/** Which row a layer runs for every combination of its genes. */
export interface LayerRows {
  layer: number;
  name: string;
  /** Genes of the layer, ascending, and their sizes. */
  genes: number[];
  sizes: number[];
  /** Indices into {@link SpaceRows.rows}, row-major over the genes' values. */
  rows: number[];
}

export interface SpaceRows {
  rows: Row[];
  layers: LayerRows[];
}

const known = new WeakMap<SearchSpace, SpaceRows>();

/**
 * All rows of a space, from the op graph alone: one for each different block (block x width x bits) with its input
 * shape, stem, head and identity among them. In network order; enumerated once per space.
 */
export function spaceRows(space: SearchSpace): SpaceRows {
  checkArguments('spaceRows()', { space });
  let result = known.get(space);
  if (!result) {
    result = enumerate(space);
    known.set(space, result);
  }
  return result;
}

/** The rows a path runs, layer by layer, as indices into `rows`. */
export function pathRows(space: SearchSpace, architecture: Architecture): number[] {
  checkArchitecture(space, architecture);
  return spaceRows(space).layers.map(({ genes, sizes, rows }) => rows[optionOf(architecture, genes, sizes)]!);
}

function enumerate(space: SearchSpace): SpaceRows {
  const rows: Row[] = [];
  const indices = new Map<string, number>();
  let input = inputShape(space);
  const layers = space.layers.map((layer, index): LayerRows => {
    const genes = layerGenes(space, index);
    let output = input;
    const inLayer = Array.from(combinations(space, genes), (architecture) => {
      // A space of this layer alone: the others need no copies for every combination.
      const subnet = deriveSubnet({ ...space, layers: [layer] }, architecture);
      const block: Block = { input, graph: canonicalGraph(subnet.layers[0]!.choices[0]!.graph) };
      output = inferShapes(block.graph, input, readerOf([])).at(-1)!;
      const key = blockKey(block);
      let row = indices.get(key);
      if (row === undefined) {
        row = rows.push({ key, label: labelOf(space, index, architecture), block, output }) - 1;
        indices.set(key, row);
      }
      return row;
    });
    input = output;
    const sizes = genes.map((gene) => space.genes[gene]!.size);
    return { layer: index, name: layer.name, genes, sizes, rows: inLayer };
  });
  return { rows, layers };
}

/** Names do not count, and neither does how weights start. */
function canonicalGraph({ nodes }: Graph): Graph {
  return {
    nodes: nodes.map((node, index) => {
      const copy = { ...node, name: String(index) } as GraphNode & { init?: unknown };
      delete copy.init;
      return copy;
    }),
  };
}

/** What has no influence on the time of a folded network. */
const WITHOUT_INFLUENCE = new Set(['op', 'name', 'inputs', 'eps', 'momentum', 'affine']);

/**
 * `64x28x28: slice(start=0,step=2) slice[0](start=1,step=2) conv2d(groups=1,kernel=1,…) …`: every setting of every node
 * in alphabetical order; inputs are written where they are not the node before.
 */
export function blockKey({ input, graph }: Block): string {
  const nodes = graph.nodes.map((node, index) => {
    const inputs = node.inputs.length === 1 && node.inputs[0] === index ? '' : `[${node.inputs.join(',')}]`;
    const settings = settingsOf(node, '')
      .filter(([name]) => !WITHOUT_INFLUENCE.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`);
    return `${node.op}${inputs}${settings.length === 0 ? '' : `(${settings.join(',')})`}`;
  });
  return `${showShape(input)}: ${nodes.length === 0 ? 'identity' : nodes.join(' ')}`;
}

function settingsOf(value: object, prefix: string): [name: string, value: unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (inner === undefined || inner === false) return [];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      return settingsOf(inner, `${prefix}${name}.`);
    }
    return [[prefix + name, inner]];
  });
}

function labelOf(space: SearchSpace, layer: number, architecture: Architecture): string {
  const { gene, choices } = space.layers[layer]!;
  const further = space.genes.flatMap(({ layer: of, kind, labels }, index) =>
    of === layer && kind !== 'block' ? [labels[architecture[index]!]!] : [],
  );
  return [choices[gene === undefined ? 0 : architecture[gene]!]!.name, ...further].join(' ');
}
