import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A search space of two layers with two choices each, small enough that every command takes a moment. */
export const TINY_SPACE = `name: tiny
input: {channels: 1, size: 28}
classes: 10
layers:
  - name: stem
    steps: [{conv2d: {out: 4, kernel: 3, stride: 4}}, batchNorm, relu]
  - repeat: 2
    out: 8
    stride: 2
    choices:
      conv3: [{conv2d: {out: $out, kernel: 3, stride: $stride}}, batchNorm, relu]
      conv1: [{conv2d: {out: $out, kernel: 1, stride: $stride, padding: 0}}, batchNorm, relu]
  - name: head
    steps: [averagePool, {linear: {out: $classes}}]
`;

/** Everything from training to export with it, in few steps; `space.file` is left to say. */
export const TINY_SETTINGS = `data: {trainImages: 120, heldOut: 40, testImages: 40}
train: {steps: 4, batchSize: 16, logEvery: 1, checkpointEvery: 2}
evaluate: {calibrationImages: 32, batchSize: 32}
search: {population: 2, topK: 1, generations: 1}
retrain: {steps: 4, batchSize: 16, calibrationImages: 32, logEvery: 1, checkpointEvery: 2}
export: {parityImages: 8}
`;

/** Writes `space.yaml` and `tiny.yaml`, which names it relative to itself, into a folder. */
export function writeTiny(folder: string): { space: string; config: string } {
  mkdirSync(folder, { recursive: true });
  const [space, config] = [join(folder, 'my-space.yaml'), join(folder, 'tiny.yaml')];
  writeFileSync(space, TINY_SPACE);
  writeFileSync(config, `space: {file: my-space.yaml}\n${TINY_SETTINGS}`);
  return { space, config };
}
