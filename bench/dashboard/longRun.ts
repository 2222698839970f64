import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, RunDirectory } from '../../src/index.js';
import { keptConfig } from '../../src/pipeline/runs/runs.js';
import { openSpace } from '../../src/pipeline/setup/fromConfig.js';

const BEGUN = Date.parse('2026-01-01T00:00:00.000Z');
/** Events that are written at once. */
const BLOCK = 10_000;
/** One step of many has this loss; a curve that leaves it out is wrong. */
export const SPIKE = 99;

/** A step event as trainings write it, about 230 bytes. */
export function stepEvent(step: number, loss: number): string {
  const time = new Date(BEGUN + step * 500).toISOString();
  const wait = (step % 7) / 1000;
  return (
    `{"time":"${time}","type":"step","step":${step},"loss":${loss},"accuracy":${(step % 100) / 100},"learningRate":0.05,` +
    `"gradientNorm":1.5,"imagesPerSecond":512.5,"seconds":0.49,"data":{"wait":${wait},"decode":0.125},"epoch":${Math.floor(step / 100)}}\n`
  );
}

/** A training with so many step events, of twice as many steps, whose process is this one until it is disposed. */
export async function writeLongRun(path: string, events: number): Promise<RunDirectory> {
  const config = loadConfig({
    set: ['space.name=spos-shufflenet-v2-28', `train.steps=${2 * events}`, 'train.logEvery=1'],
  });
  const run = await RunDirectory.open(path, {
    kind: 'train',
    space: openSpace(config.space),
    ...keptConfig(config),
  });
  run.log({ type: 'started', step: 0 });
  const descriptor = openSync(join(path, 'events.jsonl'), 'a');
  const spike = spikeOf(events);
  for (let done = 0; done < events; ) {
    const block: string[] = [];
    for (; block.length < BLOCK && done < events; done++)
      block.push(stepEvent(done + 1, done + 1 === spike ? SPIKE : 1 + 1000 / (done + 1000)));
    writeSync(descriptor, block.join(''));
  }
  closeSync(descriptor);
  return run;
}

/** The step with the loss that stands out. */
export function spikeOf(events: number): number {
  return Math.floor(events * 0.61);
}
