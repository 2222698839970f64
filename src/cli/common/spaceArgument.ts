import { SinglePathError } from '../../core/errors.js';
import { getSpace } from '../../space/spaces/catalog.js';
import type { SearchSpace } from '../../space/types.js';
import type { SpaceOptions } from './options.js';

/**
 * A space given on the command line: the name of a built-in one, or a YAML file. What reads YAML and checks it takes 0.1 s
 * to load, so it is only loaded where there is some.
 */
export async function spaceArgument(
  space: string,
  { inputSize, classes, option }: SpaceOptions,
): Promise<SearchSpace> {
  const options = {
    ...Object.fromEntries(await Promise.all(option.map(keyValue))),
    ...(inputSize !== undefined && { size: inputSize }),
    ...(classes !== undefined && { classes }),
  };
  if (!/\.ya?ml$/.test(space)) return getSpace(space, options);
  const { loadSpace } = await import('../../space/file/load.js');
  return loadSpace(space, options);
}

/** `key=value`, the value in YAML. */
export async function keyValue(text: string): Promise<[string, unknown]> {
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new SinglePathError('INVALID_ARGUMENT', `Expected key=value for --option but received '${text}'`, {
      hint: 'for example --option channels=1',
    });
  }
  const { parseYaml } = await import('../../config/yaml.js');
  const { value } = parseYaml(text.slice(equals + 1), `--option ${text}`, { isFile: false });
  return [text.slice(0, equals), value];
}
