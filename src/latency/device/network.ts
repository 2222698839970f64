import type { SearchSpace } from '../../space/types.js';
import type { Block } from '../rows.js';

/** A chain of blocks as a network without genes; nodes keep apart what comes twice. */
export function chainNetwork(blocks: readonly Block[]): SearchSpace {
  const { channels, height } = blocks[0]!.input;
  return {
    name: 'blocks',
    input: { channels, size: height },
    classes: 1,
    genes: [],
    layers: blocks.map(({ graph }, index) => {
      const nodes = graph.nodes.map((node) => ({ ...node, name: `block${index}.op${node.name}` }));
      const name = `block${index}`;
      return { name, choices: [{ name, graph: { nodes } }] };
    }),
  };
}
