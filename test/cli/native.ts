import { addon } from '../../src/runtime/addon.js';

/** Why tests that compute are skipped here; false where the addon loads. */
export function withoutAddon(): string | false {
  try {
    addon();
    return false;
  } catch (error) {
    return `the addon does not load here: ${(error as Error).message.split('\n')[0]}`;
  }
}
