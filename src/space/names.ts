import { SinglePathError } from '../core/errors.js';

/** Words that TorchScript takes for itself: its parser takes none of them as the name of a module or a variable. */
export const TORCHSCRIPT_WORDS: readonly string[] = (
  'and as assert break class continue def del elif else False for global if import in is None NoneType not or pass raise ' +
  'return True while with'
).split(' ');

/**
 * What no part of a parameter's name may be: those words, what each module has already, and where sources find their
 * functions. A network with one trains, and cannot be exported in the end.
 */
const RESERVED = new Set([...TORCHSCRIPT_WORDS, 'forward', 'training', 'torch']);

/** @throws SinglePathError `INVALID_SPACE` for a node that an exported network cannot have. */
export function checkName(name: string, where: string): void {
  const reserved = name.split('.').find((part) => RESERVED.has(part));
  if (reserved === undefined) return;
  throw new SinglePathError(
    'INVALID_SPACE',
    `${where}Expected another name than '${reserved}', a word of TorchScript, but received '${name}'`,
    { hint: 'call the layer or block otherwise: its name is that of a module in exported networks' },
  );
}
