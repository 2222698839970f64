/** The part of JSON Schema that says which keys there are and what they mean. */
interface SchemaNode {
  $ref?: string;
  $defs?: Record<string, SchemaNode>;
  anyOf?: SchemaNode[];
  description?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
}

/** What a schema says about the value at `path`: several nodes where it has alternative forms, none where unknown. */
function nodesAt(schema: object, path: readonly (string | number)[]): SchemaNode[] {
  const root = schema as SchemaNode;
  const resolve = (node: SchemaNode): SchemaNode[] => {
    if (node.$ref !== undefined) return resolve(root.$defs![node.$ref.replace('#/$defs/', '')]!);
    return [node, ...(node.anyOf ?? []).flatMap(resolve)];
  };
  const below = (node: SchemaNode, key: string | number): SchemaNode[] => {
    const rest = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    const found = typeof key === 'number' ? node.items : (node.properties?.[key] ?? rest);
    return found ? resolve(found) : [];
  };
  return path.reduce<SchemaNode[]>((level, key) => level.flatMap((node) => below(node, key)), resolve(root));
}

/** Names that a mapping at `path` may have. */
export function keysAt(schema: object, path: readonly (string | number)[]): string[] {
  const nodes = nodesAt(schema, path);
  return [...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

/** What the setting or section at `path` means. */
export function descriptionAt(schema: object, path: readonly (string | number)[]): string | undefined {
  return nodesAt(schema, path)[0]?.description;
}
