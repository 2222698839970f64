import { Document, isMap, isScalar, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { checkArguments } from '../core/check.js';
import { descriptionAt } from './keys.js';
import { configArgument } from './load.js';
import { type Config, configJsonSchema } from './schema/config.js';
import { learningRateOf } from './schema/recipe.js';

/** Some settings as YAML with what each of them means, under a text of their own. */
export function printSettings(settings: object, head: string): string {
  const document = new Document(settings);
  document.commentBefore = head;
  if (isMap(document.contents)) annotate(document.contents, configJsonSchema(), []);
  return document.toString({ lineWidth: 0 });
}

/** The configuration as YAML that reads back to the same value; with `comments`, what each setting means. */
export function printConfig(given: Config, options: { comments?: boolean } = {}): string {
  checkArguments('printConfig()', { options });
  const config = configArgument('printConfig()', given);
  const document = new Document(config);
  if (options.comments === true && isMap(document.contents)) {
    annotate(document.contents, configJsonSchema(), []);
    for (const section of ['train', 'retrain'] as const) {
      const rate = learningRateOf(config[section]);
      const node = document.getIn([section, 'learningRate'], true);
      if (config[section].learningRate === null && isScalar(node))
        node.comment = ` ${rate} for this batch size`;
    }
  }
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
