import { Document, isMap, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { schemaAt } from './keys.js';
import type { Config } from './schema/config.js';

/** The configuration as YAML that reads back to the same value; with `comments`, what each setting means. */
export function printConfig(config: Config, { comments = false } = {}): string {
  const document = new Document(config);
  if (comments && isMap(document.contents)) annotate(document.contents, []);
  return document.toString({ lineWidth: 0 });
}

function annotate(map: YAMLMap, path: readonly string[]): void {
  for (const pair of map.items as Pair<Scalar<string>>[]) {
    const here = [...path, pair.key.value];
    const description = schemaAt(here)?.description;
    if (description !== undefined) pair.key.commentBefore = ` ${description}`;
    if (path.length === 0 && isMap(pair.value)) pair.key.spaceBefore = true;
    if (isMap(pair.value)) annotate(pair.value, here);
  }
}
