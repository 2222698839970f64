import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { readBytes } from '../core/files.js';
import { CONFIG_FILE, HEADER_FILE, LOCK_FILE, TABLES_FOLDER } from './header.js';

/** What a start that was killed leaves, and what processes write that work together. */
const LEFT = new RegExp(
  `^(${LOCK_FILE}(\\..*)?|logs|(config|space)\\.yaml.*|${TABLES_FOLDER}|${HEADER_FILE}\\..*)$`,
);

/** What is in a folder without a run that no start of one has left there: a run would write between it, or over it. */
export function foreignFiles(
  path: string,
  { config, files = {} }: { config: unknown; files?: Readonly<Record<string, Uint8Array>> },
): string[] {
  const names = readdirSync(path).filter((name) => !LEFT.test(name));
  const others = Object.entries(files).filter(([name, content]) => {
    const there = contentOf(join(path, name));
    return there !== undefined && !there.equals(content);
  });
  const ours = isOfRun(contentOf(join(path, CONFIG_FILE))?.toString('utf8'), config);
  return [...names, ...(ours ? [] : [CONFIG_FILE]), ...others.map(([name]) => name)];
}

/** Whether a `config.yaml` is such as a run writes: all sections and no comments. A person's own is shorter, or says more. */
function isOfRun(text: string | undefined, config: unknown): boolean {
  if (text === undefined) return true;
  try {
    const found: unknown = parse(text);
    return stringify(found) === text && sections(found) === sections(config);
  } catch {
    return false;
  }
}

function sections(config: unknown): string {
  return Object.keys(config ?? {})
    .toSorted()
    .join();
}

function contentOf(path: string): Buffer | undefined {
  return existsSync(path) ? readBytes(path) : undefined;
}
