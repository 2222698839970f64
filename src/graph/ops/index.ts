import type { GraphNode, OpName } from '../types.js';
import { activation } from './activation.js';
import { adaptiveAveragePool } from './adaptiveAveragePool.js';
import { add } from './add.js';
import { batchNorm } from './batchNorm.js';
import { channelShuffle } from './channelShuffle.js';
import { concat } from './concat.js';
import { conv2d } from './conv2d.js';
import { dropout } from './dropout.js';
import { fakeQuantize } from './fakeQuantize.js';
import { linear } from './linear.js';
import { maxPool } from './maxPool.js';
import type { OpDefinition } from './op.js';
import { slice } from './slice.js';
import { split } from './split.js';

type Definitions = { [Op in OpName]: OpDefinition<Extract<GraphNode, { op: Op }>> };

/** Every op by its name in the graph. */
export const ops: Definitions = {
  conv2d,
  batchNorm,
  activation,
  channelShuffle,
  split,
  slice,
  concat,
  add,
  adaptiveAveragePool,
  maxPool,
  dropout,
  linear,
  fakeQuantize,
};

/** The definition of a node's op, typed for any node. */
export function definitionOf(node: GraphNode): OpDefinition<GraphNode> {
  return ops[node.op] as OpDefinition<GraphNode>;
}
