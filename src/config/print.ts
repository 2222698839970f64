import { Document, isMap, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { descriptionAt } from './keys.js';
import { type Config, configJsonSchema } from './schema/config.js';

/** The configuration as YAML that reads back to the same value; with `comments`, what each setting means. */
export function printConfig(config: Config, { comments = false } = {}): string {
  const document = new Document(config);
  if (comments && isMap(document.contents)) annotate(document.contents, configJsonSchema(), []);
  return document.toString({ lineWidth: 0 });
}

function annotate(map: YAMLMap, schema: object, path: readonly string[]): void {
  for (const pair of map.items as Pair<Scalar<string>>[]) {
    const here = [...path, pair.key.value];
    const description = descriptionAt(schema, here);
    if (description !== undefined) pair.key.commentBefore = ` ${description}`;
    if (path.length === 0 && isMap(pair.value)) pair.key.spaceBefore = true;
    if (isMap(pair.value)) annotate(pair.value, schema, here);
  }
}
