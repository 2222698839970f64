import type { GraphNode } from '../../graph/graph.js';
import type { Conv2dNode } from '../../graph/ops/conv2d.js';
import type { Shape } from '../../graph/types.js';
import { inferShapes, readerOf } from '../../graph/walk.js';
import type { SearchSpace } from '../../space/types.js';
import { type Row, spaceRows } from '../rows.js';

/** A row in the words of MobileNet lookup tables. */
export interface MobileRow {
  kind: 'Conv' | 'Conv_1' | 'expanded_conv' | 'Logits';
  input: Shape;
  output: Shape;
  /** Of an `expanded_conv`. */
  expanded?: { middle: number; kernel: number; stride: number; skip: boolean; hswish: boolean };
}

/** How a project writes the key of a row. */
export type KeyStyle = (row: MobileRow) => string;

/** ProxylessNAS (arXiv 1812.00332): `expand` is the ratio. */
export const proxylessKey: KeyStyle = (row) => {
  const { input, expanded } = row;
  if (expanded === undefined) return head(row);
  const { middle, kernel, stride, skip } = expanded;
  const ratio = middle / input.channels;
  return `${head(row)}-expand:${ratio}-kernel:${kernel}-stride:${stride}-idskip:${skip ? 1 : 0}`;
};

/** Once-for-all (arXiv 1908.09791): `expand` is the width in the middle; squeeze-and-excitation and hswish follow. */
export const onceForAllKey: KeyStyle = (row) => {
  if (row.expanded === undefined) return head(row);
  const { middle, kernel, stride, skip, hswish } = row.expanded;
  const flags = `idskip:${skip ? 1 : 0}-se:0-hs:${hswish ? 1 : 0}`;
  return `${head(row)}-expand:${middle}-kernel:${kernel}-stride:${stride}-${flags}`;
};

function head({ kind, input, output }: MobileRow): string {
  const size = ({ channels, height, width }: Shape) => `${height}x${width}x${channels}`;
  return `${kind}-input:${size(input)}-output:${kind === 'Logits' ? output.channels : size(output)}`;
}

/**
 * Each row of a space with its key in another project's style: null for identity, which those tables leave out, and
 * undefined for a block they have no words for.
 */
export function mobileKeys(space: SearchSpace, style: KeyStyle): Map<Row, string | null | undefined> {
  const { rows } = spaceRows(space);
  const keys = new Map<Row, string | null | undefined>();
  let pooledFrom: Shape | undefined;
  let first = true;
  for (const row of rows) {
    const { nodes } = row.block.graph;
    const shapes = inferShapes(row.block.graph, row.block.input, readerOf([]));
    const pool = nodes.findIndex(({ op }) => op === 'adaptiveAveragePool');
    const mobile = mobileRow(row, shapes, first, pooledFrom);
    if (mobile?.kind === 'Conv') first = false;
    if (pool >= 0) pooledFrom = shapes[nodes[pool]!.inputs[0]!]!;
    keys.set(row, nodes.length === 0 ? null : mobile && style(mobile));
  }
  return keys;
}

const CHAIN = new Set<GraphNode['op']>([
  'conv2d',
  'batchNorm',
  'activation',
  'add',
  'adaptiveAveragePool',
  'dropout',
  'linear',
]);

function mobileRow(
  { block: { input, graph }, output }: Row,
  shapes: readonly Shape[],
  first: boolean,
  pooledFrom: Shape | undefined,
): MobileRow | undefined {
  const { nodes } = graph;
  // Everything must be one chain; only a residual may read the block's input again.
  const chained = nodes.every((node, i) =>
    node.op === 'add' ? node.inputs.includes(i) && node.inputs.includes(0) : node.inputs[0] === i,
  );
  if (!chained || nodes.some(({ op }) => !CHAIN.has(op))) return undefined;
  const convolutions = nodes.flatMap((node, i) => (node.op === 'conv2d' ? [{ node, value: i + 1 }] : []));
  const linear = nodes.find(({ op }) => op === 'linear');
  if (linear !== undefined) {
    // The classifier's key has the size in front of the pooling, wherever that is done.
    const { height, width } = pooledFrom ?? input;
    return { kind: 'Logits', input: { channels: input.channels, height, width }, output };
  }
  if (
    convolutions.some(
      ({ node }) => node.weightQuantizer || (node.groups !== 1 && node.groups !== 'depthwise'),
    )
  ) {
    return undefined;
  }
  const depthwise = convolutions.filter(({ node }) => node.groups === 'depthwise');
  if (depthwise.length === 0 && convolutions.length === 1) {
    const after = shapes[convolutions[0]!.value]!;
    return { kind: first ? 'Conv' : 'Conv_1', input, output: after };
  }
  if (depthwise.length !== 1) return undefined;
  const { kernel, stride } = depthwise[0]!.node as Conv2dNode;
  const middle = shapes[depthwise[0]!.value]!.channels;
  const hswish = nodes.some((node) => node.op === 'activation' && node.function === 'hswish');
  const skip = nodes.some(({ op }) => op === 'add');
  return { kind: 'expanded_conv', input, output, expanded: { middle, kernel, stride, skip, hswish } };
}
