import type { Shortcut } from './configOf.js';
import type { SpaceOptions } from './options.js';
import { keyValue } from './spaceArgument.js';

/** What the options that stand for the settings of `space` give. */
export interface SpaceSettingsOptions extends SpaceOptions {
  /** Name of a built-in search space, or a YAML file. */
  space?: string;
}

/** The settings these options stand for. */
export async function spaceShortcuts({
  space,
  inputSize,
  classes,
  option,
}: SpaceSettingsOptions): Promise<Shortcut[]> {
  const isFile = space !== undefined && /\.ya?ml$/.test(space);
  const further = Object.fromEntries(await Promise.all(option.map(keyValue)));
  return [
    { path: ['space', isFile ? 'file' : 'name'], value: space, option: '--space' },
    { path: ['space', 'size'], value: inputSize, option: '--input-size' },
    { path: ['space', 'classes'], value: classes, option: '--classes' },
    { path: ['space', 'options'], value: option.length > 0 ? further : undefined, option: '--option' },
  ];
}
