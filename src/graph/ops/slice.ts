import type { NodeBase } from '../types.js';
import { misfit, type OpDefinition, only, positiveInteger } from './op.js';

/** Channels start, start + step, … below `end` (absent: all). */
export interface SliceNode extends NodeBase {
  op: 'slice';
  start: number;
  step: number;
  end?: number;
}

export const slice: OpDefinition<SliceNode> = {
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
};
