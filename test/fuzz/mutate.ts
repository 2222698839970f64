import type { RandomStream } from '../../src/core/rng.js';

/** What parsers trip over: limits of numbers, keys with a meaning of their own, halves of escapes and of brackets. */
const TOKENS = [
  ...[
    '0',
    '-1',
    '1e999',
    '9007199254740993',
    '4294967296',
    '-0',
    'NaN',
    '.inf',
    'null',
    'true',
    '""',
    '[]',
    '{}',
  ],
  ...[
    '"__proto__"',
    'constructor',
    '*a',
    '&a',
    '<<: *a',
    '!!js/x',
    '\\ud800',
    '\ufeff',
    '\u0000',
    '\n',
    '\t',
  ],
  ...['{', '}', '[', ']', '"', "'", ':', ',', '- ', '---', '#', '\\', '[[[[[[[[', '{"a":{"a":{"a":'],
].map((token) => Buffer.from(token));

/** One of `seeds` with one to a few changes: a function of `random` alone. */
export function mutate(seeds: readonly Buffer[], random: RandomStream): Buffer {
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  let bytes = Buffer.from(pick(seeds));
  const changes = 1 + random.integer(4);
  for (let change = 0; change < changes; change++) {
    const at = random.integer(bytes.length + 1);
    const length = random.integer(Math.min(16, bytes.length - at) + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (random.integer(7)) {
      case 0: // a bit
        if (at < bytes.length) bytes[at]! ^= 1 << random.integer(8);
        break;
      case 1: // a byte
        if (at < bytes.length) bytes[at] = random.integer(256);
        break;
      case 2: // a part cut out
        bytes = Buffer.concat([before, after.subarray(length)]);
        break;
      case 3: // a part doubled
        bytes = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 4: // a token in the place of a part
        bytes = Buffer.concat([before, pick(TOKENS), after.subarray(length)]);
        break;
      case 5: // the rest from another seed
        bytes = Buffer.concat([before, pick(seeds).subarray(at)]);
        break;
      default: // the end cut off
        bytes = Buffer.from(before);
    }
  }
  return bytes;
}
