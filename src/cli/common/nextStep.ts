import { shell } from '../../core/shell.js';

/** The command that people usually want after one that is done. */
export function nextStep(words: readonly string[], why: string): string {
  return `next: singlepath ${words.map(shell).join(' ')}   # ${why}`;
}
