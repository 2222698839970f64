import type { OnnxGraph } from '../node/onnx.js';
import type { NodeBase } from '../node/types.js';
import { misfit, type OpDefinition, only, positiveInteger, sameBits } from './op.js';

/** Channels start, start + step, … below `end` (absent: all). */
export interface SliceNode extends NodeBase {
  op: 'slice';
  start: number;
  step: number;
  end?: number;
}

/** Channels start, start + step, … below `end`, in ONNX. */
export function channelSlice(
  graph: OnnxGraph,
  x: string,
  name: string,
  { start, end, step }: { start: number; end: number; step: number },
): string {
  const bounds = [start, end, 1, step].map((value) => graph.integers(value));
  return graph.node('Slice', [x, ...bounds], name);
}

export const slice: OpDefinition<SliceNode> = {
  outputBits: sameBits,

  shape(node, inputs) {
    const input = only(node, inputs);
    const { start, step, end = input.channels } = node;
    positiveInteger(node, 'step', step);
    if (!Number.isInteger(start) || start < 0) throw misfit(node, 'a start of 0 or more', start);
    if (!Number.isInteger(end) || end > input.channels) {
      throw misfit(node, `an end of at most ${input.channels} channels`, end);
    }
    const channels = Math.ceil((end - start) / step);
    if (channels < 1) throw misfit(node, `a start below ${end}`, start);
    return { ...input, channels };
  },

  torchscript: ({ start, step, end = 'None' }, { inputs: [x] }) => ({
    value: `torch.slice(${x}, 1, ${start}, ${end}, ${step})`,
  }),

  onnx: ({ name, start, step, end }, { graph, inputs: [x], input }) =>
    channelSlice(graph, x!, name, { start, end: end ?? input.channels, step }),
};
