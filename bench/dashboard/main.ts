import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureLongRun } from './measure.js';

/** `npm run bench -- dashboard [--events 1000000] [--heap 64]` */
export async function dashboardBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string', default: '1000000' },
      heap: { type: 'string', default: '64' },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'singlepath-bench-'));
  try {
    const measures = await measureLongRun(folder, Number(values.events), Number(values.heap));
    const { events, memory, curveBytes } = measures;
    const ms = (seconds: number) => `${Math.round(1000 * seconds)} ms`;
    console.log(`${events} events read in ${measures.reading.toFixed(1)} s`);
    console.log(
      `largest memory of the server: ${memory === undefined ? 'unknown' : `${(memory / 1e6).toFixed(0)} MB`}`,
    );
    console.log(`slowest answer while it reads: ${ms(measures.list)}`);
    console.log(
      `whole curve: ${ms(measures.curve)}, ${(curveBytes / 1000).toFixed(0)} KB; 1,001 steps of it: ${ms(measures.part)}`,
    );
    console.log(`sections of the report: ${ms(measures.sections)}`);
    console.log(`from an appended event to a page: ${ms(measures.appended)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
