import { RandomStream } from '../../src/core/rng.js';

/**
 * ProxylessNAS's own reading of proxyless-mobile, written from its paper and its prediction formula, not from our op
 * graph: what the two say must agree.
 */
const STAGES = '24*4/2 40*4/2 80*4/2 96*4/1 192*4/2 320*1/1' // width * blocks / stride of the first
  .split(' ')
  .map((stage) => stage.split(/[*/]/).map(Number) as [width: number, blocks: number, stride: number]);

/** Blocks in gene order: kernel and expansion; null is the zero op. */
const OPS: readonly ([kernel: number, expand: number] | null)[] = [
  [3, 3],
  [3, 6],
  [5, 3],
  [5, 6],
  [7, 3],
  [7, 6],
  null,
];

const conv = 'Conv-input:224x224x3-output:112x112x32';
const last = 'Conv_1-input:7x7x320-output:7x7x1280';
const logits = 'Logits-input:7x7x1280-output:1000';

interface Place {
  f: number;
  input: number;
  output: number;
  stride: number;
}

function places(): Place[] {
  let [f, input] = [112, 16];
  return STAGES.flatMap(([output, repeat, first]) =>
    Array.from({ length: repeat }, (_, i) => {
      const place = { f, input, output, stride: i === 0 ? first : 1 };
      f /= place.stride;
      input = output;
      return place;
    }),
  );
}

function blockKey({ f, input, output, stride }: Place, kernel: number, expand: number): string {
  const o = Math.floor(f / stride);
  const skip = stride === 1 && input === output ? 1 : 0;
  return `expanded_conv-input:${f}x${f}x${input}-output:${o}x${o}x${output}-expand:${expand}-kernel:${kernel}-stride:${stride}-idskip:${skip}`;
}

const FIRST = blockKey({ f: 112, input: 32, output: 16, stride: 1 }, 3, 1);

/** A table with a made-up time in milliseconds for every key. */
export function proxylessTable(seed: number): Map<string, number> {
  const random = new RandomStream(seed, 'test', 0);
  const keys = new Set([conv, last, logits, FIRST]);
  for (const place of places()) for (const op of OPS) if (op !== null) keys.add(blockKey(place, ...op));
  return new Map([...keys].map((key) => [key, 0.05 + random.uniform()]));
}

export function asYaml(table: ReadonlyMap<string, number>): string {
  return [...table].map(([key, mean]) => `${key}: {count: 100, mean: ${mean}, var: 0.001}\n`).join('');
}

/** The prediction of ProxylessNAS for the ops of the 21 searched blocks. */
export function proxylessSum(table: ReadonlyMap<string, number>, ops: readonly number[]): number {
  let t = table.get(conv)! + table.get(last)! + table.get(logits)! + table.get(FIRST)!;
  places().forEach((place, i) => {
    const op = OPS[ops[i]!];
    if (op !== null && op !== undefined) t += table.get(blockKey(place, ...op))!;
  });
  return t;
}
