import { parse } from 'yaml';
import { SinglePathError } from '../core/errors.js';
import { openSpace } from '../pipeline/openSpace.js';
import type { SearchSpace } from '../space/types.js';

/** Options of the commands that take a space as an argument. */
export interface SpaceArguments {
  inputSize?: number;
  classes?: number;
  /** `key=value`, the value in YAML. */
  option: readonly string[];
}

/** A space given on the command line: the name of a built-in one, or a YAML file. */
export function spaceArgument(space: string, { inputSize, classes, option }: SpaceArguments): SearchSpace {
  const isFile = /\.ya?ml$/.test(space);
  return openSpace({
    name: isFile ? null : space,
    file: isFile ? space : null,
    size: inputSize ?? null,
    classes: classes ?? null,
    channels: null,
    options: Object.fromEntries(option.map(keyValue)),
  });
}

function keyValue(text: string): [string, unknown] {
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new SinglePathError('INVALID_ARGUMENT', `Expected key=value for --option but received '${text}'`);
  }
  return [text.slice(0, equals), parse(text.slice(equals + 1)) as unknown];
}
