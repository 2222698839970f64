import type { Job, Plan } from '../device/session.js';
import { sizeOf } from './method.js';
import type { RunMessage } from './protocol.js';

/** A plan as it is sent: only the blocks that its jobs hold. */
export function runMessage({ blocks, stop, jobs }: Plan, id: number): RunMessage {
  const used = [...new Set(jobs.flatMap((job) => job.blocks))];
  const places = new Map(used.map((index, place) => [index, place]));
  return {
    id,
    stop,
    blocks: used.map((index) => {
      const { input, graph } = blocks[index]!;
      return { input, nodes: JSON.stringify(graph.nodes) };
    }),
    jobs: jobs.map((job) => ({ ...job, blocks: job.blocks.map((index) => places.get(index)!) })),
  };
}

/** The jobs of a plan, in order, in as few parts as fit into messages of so many bytes. */
export function batchesOf(plan: Plan, largest: number): Job[][] {
  const { jobs } = plan;
  if (jobs.length < 2 || sizeOf({ run: runMessage(plan, 0) }) <= largest) return [jobs];
  const half = jobs.length >> 1;
  return [jobs.slice(0, half), jobs.slice(half)].flatMap((part) =>
    batchesOf({ ...plan, jobs: part }, largest),
  );
}
