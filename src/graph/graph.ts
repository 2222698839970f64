import type { Dim } from './node/types.js';
import { ops } from './ops/index.js';
import type { OpDefinition } from './ops/op.js';

type Ops = typeof ops;

export type OpName = keyof Ops;

/** A node of any op; `Extract<GraphNode, { op: 'conv2d' }>` is one of that op. */
export type GraphNode = Parameters<Ops[OpName]['shape']>[0];

/** Nodes in topological order; the last node's value is the output; no nodes means identity. */
export interface Graph {
  nodes: GraphNode[];
}

/** The definition of a node's op, typed for any node. */
export function definitionOf(node: GraphNode): OpDefinition<GraphNode> {
  return ops[node.op] as OpDefinition<GraphNode>;
}

/** Dimensions of a node that a gene may choose. */
export function dimensionsOf(node: GraphNode): Dim[] {
  const dims: Dim[] = [];
  definitionOf(node).withDims?.(node, (dim) => {
    dims.push(dim);
    return dim;
  });
  return dims;
}
