import { isFullStack, SinglePathError } from '../../core/errors.js';
import type { NodeBase } from './types.js';

/** Where a module stands. `exclusive`: the path names this module alone, so a single op takes it as its name. */
export interface Scope {
  nodes: NodeBase[];
  names: Set<string>;
  path: string;
  exclusive: boolean;
}

/** Appends nodes that compute something of value `input`; returns the value index of the result. */
export type Module = (scope: Scope, input: number) => number;

/** A module of one op that takes the module's input. */
export function single<Node extends { op: string }>(node: Node): Module {
  return (scope, input) => append(scope, { ...node, inputs: [input] });
}

/** Adds a node under a unique name: the path itself where exclusive, else the path and the op. */
export function append({ nodes, names, path, exclusive }: Scope, node: Omit<NodeBase, 'name'>): number {
  const base = exclusive ? path : join(path, node.op);
  let name = base;
  for (let i = 1; names.has(name); i++) name = `${base}_${i}`;
  names.add(name);
  nodes.push({ name, ...node });
  return nodes.length;
}

/** The same place, which other modules stand in too. */
export const shared = (scope: Scope): Scope => ({ ...scope, exclusive: false });

/** A place of its own below. */
export const below = (scope: Scope, name: string): Scope => ({
  ...scope,
  path: join(scope.path, name),
  exclusive: true,
});

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** @throws SinglePathError `INVALID_SPACE` for functions that build a block without end, since it contains itself. */
export function ending<Result>(path: string, build: () => Result): Result {
  try {
    return build();
  } catch (cause) {
    if (!isFullStack(cause)) throw cause;
    throw new SinglePathError(
      'INVALID_SPACE',
      `Expected a block that ends for '${path}' but it contains itself`,
      {
        cause,
        hint: 'a block is made of others: a function that builds one may not call itself without an end',
      },
    );
  }
}
