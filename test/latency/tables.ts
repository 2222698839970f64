import { graphCost, readerOf } from '../../src/graph/walk.js';
import { spaceRows } from '../../src/latency/rows.js';
import type { LatencyTable, TableRow } from '../../src/latency/table.js';
import { spaceHash } from '../../src/space/hash.js';
import type { SearchSpace } from '../../src/space/types.js';

export const ONE_ROW: TableRow = {
  key: '3x8x8: relu',
  label: 'relu, "quoted"',
  input: { channels: 3, height: 8, width: 8 },
  output: { channels: 3, height: 8, width: 8 },
  source: 'isolated',
  status: 'ok',
  flags: [],
};

/** A table of a built-in space whose times follow from multiply-adds: orderly, as no measured one is. */
export function madeUpTable(space: SearchSpace, nanosecondsPerMadd = 1e-3): LatencyTable {
  return {
    header: {
      version: 1,
      tool: 'singlepath 0.0.0',
      created: '2026-01-01T00:00:00.000Z',
      space: {
        name: space.name,
        file: '',
        ...space.input,
        classes: space.classes,
        options: {},
        hash: spaceHash(space),
      },
      environment: {
        device: 'made up',
        platform: 'none',
        runtime: 'singlepath',
        runtimeVersion: '0',
        affinity: [0, 1],
        threads: 1,
        batch: 1,
        dtype: 'fp32',
        layout: 'channels_last',
        governor: 'performance',
        clockMhz: {},
        load: { before: 0.5 },
      },
      overheadNs: 30,
    },
    rows: spaceRows(space).rows.map(({ key, label, block, output }) => {
      const { madds } = graphCost(block.graph, block.input, readerOf([])).cost;
      const p50 = Math.round(madds * nanosecondsPerMadd);
      return {
        key,
        label,
        input: block.input,
        output,
        source: 'isolated',
        status: 'ok',
        times: { n: 40, p50 },
        flags: [],
      };
    }),
  };
}
