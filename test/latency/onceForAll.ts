import { RandomStream } from '../../src/core/rng.js';

/**
 * Once-for-all's reading of the space mobilenet-v3, written from the papers and the formula of its latency table, not from our op graph:
 * what the two say must agree.
 */
const STAGES = [
  { width: 24, repeat: 2, stride: 2, hs: 0 },
  { width: 40, repeat: 3, stride: 2, hs: 0 },
  { width: 80, repeat: 4, stride: 2, hs: 1 },
  { width: 112, repeat: 2, stride: 1, hs: 1 },
  { width: 160, repeat: 3, stride: 2, hs: 1 },
];

/** Blocks in gene order: kernel, expansion, squeeze-and-excite; then the block that is left out. */
const OPS = [3, 5, 7].flatMap((kernel) =>
  [3, 6].flatMap((expand) => [0, 1].map((se) => ({ kernel, expand, se }))),
);

const HEAD = [
  'Conv-input:224x224x3-output:112x112x16',
  'expanded_conv-input:112x112x16-output:112x112x16-expand:16-kernel:3-stride:1-idskip:1-se:0-hs:0',
  'Conv_1-input:7x7x160-output:7x7x960',
  'AvgPool2D-input:7x7x960-output:1x1x960',
  'Conv_2-input:1x1x960-output:1x1x1280',
  'Logits-input:1x1x1280-output:1000',
];

interface Place {
  f: number;
  input: number;
  output: number;
  stride: number;
  hs: number;
}

function places(): Place[] {
  let [f, input] = [112, 16];
  return STAGES.flatMap(({ width, repeat, stride: first, hs }) =>
    Array.from({ length: repeat }, (_, i) => {
      const place = { f, input, output: width, stride: i === 0 ? first : 1, hs };
      f /= place.stride;
      input = width;
      return place;
    }),
  );
}

function blockKey({ f, input, output, stride, hs }: Place, { kernel, expand, se }: (typeof OPS)[0]): string {
  const o = Math.floor((f - 1) / stride + 1);
  const skip = stride === 1 && input === output ? 1 : 0;
  const shapes = `input:${f}x${f}x${input}-output:${o}x${o}x${output}`;
  return `expanded_conv-${shapes}-expand:${input * expand}-kernel:${kernel}-stride:${stride}-idskip:${skip}-se:${se}-hs:${hs}`;
}

/** A table with a made-up time in milliseconds for every key. */
export function onceForAllTable(seed: number): Map<string, number> {
  const random = new RandomStream(seed, 'test', 0);
  const keys = new Set([...HEAD, ...places().flatMap((place) => OPS.map((op) => blockKey(place, op)))]);
  return new Map([...keys].map((key) => [key, 0.05 + random.uniform()]));
}

/** The prediction of Once-for-all for the ops of the 14 searched blocks. */
export function onceForAllSum(table: ReadonlyMap<string, number>, ops: readonly number[]): number {
  const blocks = places().flatMap((place, i) => {
    const op = OPS[ops[i]!];
    return op === undefined ? [] : [blockKey(place, op)];
  });
  return [...HEAD, ...blocks].reduce((sum, key) => sum + table.get(key)!, 0);
}
