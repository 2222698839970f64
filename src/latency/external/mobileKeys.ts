import type { GraphNode } from '../../graph/graph.js';
import type { Shape } from '../../graph/node/types.js';
import type { Conv2dNode } from '../../graph/ops/conv2d.js';
import { inferShapes, readerOf } from '../../graph/walk.js';
import type { SearchSpace } from '../../space/types.js';
import { type Row, spaceRows } from '../rows.js';

/** A row in the words of MobileNet lookup tables. */
export interface MobileRow {
  kind: 'Conv' | 'Conv_1' | 'Conv_2' | 'expanded_conv' | 'Logits';
  input: Shape;
  output: Shape;
  /** Of an `expanded_conv`. */
  expanded?: {
    middle: number;
    kernel: number;
    stride: number;
    skip: boolean;
    squeezeExcite: boolean;
    hswish: boolean;
  };
  /** Of `Logits`: what is pooled in front of it, wherever that is done. */
  pooledFrom?: Shape;
  /** Its output is pooled to one pixel. */
  pools: boolean;
}

/**
 * How a project writes a row: the keys whose times add up to it. Several ways, the first that a file has is taken; none
 * where it has no words for the row.
 */
export type KeyStyle = (row: MobileRow) => string[][];

/** ProxylessNAS (arXiv 1812.00332): `expand` is the ratio. */
export const proxylessKey: KeyStyle = (row) => {
  const { input, expanded } = row;
  if (expanded === undefined) return [[head(row)]];
  const { middle, kernel, stride, skip, squeezeExcite } = expanded;
  if (squeezeExcite) return [];
  const ratio = middle / input.channels;
  return [[`${head(row)}-expand:${ratio}-kernel:${kernel}-stride:${stride}-idskip:${skip ? 1 : 0}`]];
};

/** What Once-for-all calls the pooling in front of the classifier. */
export const POOLING = 'AvgPool2D';

/**
 * Once-for-all (arXiv 1908.09791): `expand` is the width in the middle; squeeze-and-excite and hswish follow. The pooling
 * behind `Conv_1` has a key of its own, and the classifier's input is one pixel; ways of ProxylessNAS are read too.
 */
export const onceForAllKey: KeyStyle = (row) => {
  const { kind, input, output, expanded, pooledFrom, pools } = row;
  if (expanded !== undefined) {
    const { middle, kernel, stride, skip, squeezeExcite, hswish } = expanded;
    const flags = [skip, squeezeExcite, hswish].map(Number);
    const [idskip, se, hs] = flags;
    const names = `idskip:${idskip}-se:${se}-hs:${hs}`;
    return [[`${head(row)}-expand:${middle}-kernel:${kernel}-stride:${stride}-${names}`]];
  }
  if (pools) {
    const pooled = `${POOLING}-input:${size(output)}-output:1x1x${output.channels}`;
    return [[head(row), pooled], [head(row)]];
  }
  if (kind === 'Logits' && pooledFrom !== undefined) {
    const { pooledFrom: _, ...pixel } = row;
    return [[head({ ...pixel, input: { ...input, height: 1, width: 1 } })], [head(row)]];
  }
  return [[head(row)]];
};

const size = ({ channels, height, width }: Shape): string => `${height}x${width}x${channels}`;

function head({ kind, input, output, pooledFrom }: MobileRow): string {
  const { height, width } = pooledFrom ?? input;
  const from = size({ channels: input.channels, height, width });
  return `${kind}-input:${from}-output:${kind === 'Logits' ? output.channels : size(output)}`;
}

/**
 * Each row of a space with its ways of being written in another project's style ({@link KeyStyle}). Identity takes no key:
 * those tables leave it out. Rows that the style has the same words for, such as plain convolutions of 1x1 and 3x3, have none.
 */
export function mobileKeys(space: SearchSpace, style: KeyStyle): Map<Row, string[][]> {
  const keys = waysOf(space, style);
  const rowsOf = new Map<string, number>();
  const wordsOf = (ways: string[][]): string => JSON.stringify(ways);
  for (const ways of keys.values()) rowsOf.set(wordsOf(ways), (rowsOf.get(wordsOf(ways)) ?? 0) + 1);
  for (const [row, ways] of keys) {
    if (row.block.graph.nodes.length > 0 && rowsOf.get(wordsOf(ways))! > 1) keys.set(row, []);
  }
  return keys;
}

function waysOf(space: SearchSpace, style: KeyStyle): Map<Row, string[][]> {
  const { rows } = spaceRows(space);
  const keys = new Map<Row, string[][]>();
  let pooledFrom: Shape | undefined;
  let first = true;
  for (const row of rows) {
    const { nodes } = row.block.graph;
    const shapes = inferShapes(row.block.graph, row.block.input, readerOf([]));
    const mobile = mobileRow(row, shapes, first, pooledFrom);
    if (mobile?.kind === 'Conv') first = false;
    const pool = nodes.findLast(({ op }) => op === 'adaptiveAveragePool');
    if (pool !== undefined && mobile?.expanded === undefined) pooledFrom = shapes[pool.inputs[0]!]!;
    keys.set(row, nodes.length === 0 ? [[]] : mobile === undefined ? [] : style(mobile));
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
  const gate = squeezeExciteOf(nodes);
  // Everything must be one chain; only a residual may read the block's input again, and a gate what it weights.
  const chained = nodes.every((node, i) =>
    node.op === 'add'
      ? node.inputs.includes(i) && node.inputs.includes(0)
      : node.inputs[0] === i || i === gate?.last,
  );
  const others = nodes.flatMap((node, i) =>
    gate !== undefined && i >= gate.first && i <= gate.last ? [] : [{ node, value: i + 1 }],
  );
  if (!chained || others.some(({ node }) => !CHAIN.has(node.op))) return undefined;
  const convolutions = others.filter(({ node }) => node.op === 'conv2d') as {
    node: Conv2dNode;
    value: number;
  }[];
  const pools = others.some(({ node }) => node.op === 'adaptiveAveragePool');
  if (others.some(({ node }) => node.op === 'linear')) {
    const from = pooledFrom ?? (pools ? input : undefined);
    return { kind: 'Logits', input, output, pools: false, ...(from && { pooledFrom: from }) };
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
    const kind = first ? 'Conv' : input.height === 1 && input.width === 1 ? 'Conv_2' : 'Conv_1';
    return { kind, input, output: after, pools };
  }
  if (depthwise.length !== 1) return undefined;
  const { kernel, stride } = depthwise[0]!.node;
  const middle = shapes[depthwise[0]!.value]!.channels;
  const hswish = others.some(({ node }) => node.op === 'activation' && node.function === 'hswish');
  const skip = nodes.some(({ op }) => op === 'add');
  const squeezeExcite = gate !== undefined;
  const expanded = { middle, kernel, stride, skip, squeezeExcite, hswish };
  return { kind: 'expanded_conv', input, output, expanded, pools: false };
}

/** Places of the nodes of a squeeze-and-excite: from its pooling to the multiplication of what it pooled. */
function squeezeExciteOf(nodes: readonly GraphNode[]): { first: number; last: number } | undefined {
  const last = nodes.findIndex(({ op }) => op === 'multiply');
  if (last < 0) return undefined;
  const [weighted, gate] = nodes[last]!.inputs;
  const first = nodes.findIndex(({ op, inputs }) => op === 'adaptiveAveragePool' && inputs[0] === weighted);
  return first >= 0 && gate === last ? { first, last } : undefined;
}
