import { configJsonSchema } from './schema/config.js';

/** The part of JSON Schema that describes a section or a setting. */
export interface SchemaNode {
  description?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
}

let root: SchemaNode | undefined;

/** The schema below `path`, undefined where there is none. */
export function schemaAt(path: readonly (string | number)[]): SchemaNode | undefined {
  root ??= configJsonSchema() as SchemaNode;
  return path.reduce<SchemaNode | undefined>(
    (node, key) => (typeof key === 'number' ? node?.items : node?.properties?.[key]),
    root,
  );
}

/** Names a mapping may have. */
export function keysAt(path: readonly (string | number)[]): string[] {
  return Object.keys(schemaAt(path)?.properties ?? {});
}
