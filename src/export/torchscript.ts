import { definitionOf, type GraphNode } from '../graph/graph.js';
import type { Shape } from '../graph/node/types.js';
import { readerOf } from '../graph/walk.js';
import type { ScriptModuleDescription, TensorEntry } from '../runtime/native.js';
import { walkSpace } from '../space/check.js';
import { TORCHSCRIPT_WORDS } from '../space/names.js';
import { parametersOf } from '../space/parameters.js';
import type { SearchSpace } from '../space/types.js';

type ScriptModule = ScriptModuleDescription['modules'][number];

/** What no variable may be called: what the sources below name themselves, too. */
const RESERVED = [...TORCHSCRIPT_WORDS, 'self', 'torch', 'getattr'];

/**
 * `torch.channels_last`, the layout of the network that is exported. In the other one convolutions sum in another
 * order, and a quantized feature between two levels falls on the other one.
 */
const CHANNELS_LAST = 2;

/**
 * A network in TorchScript: modules named as in the graph, so that the keys of its state_dict are the names of our
 * tensors. Ops with parameters are modules of their own; each layer is a module that calls them.
 *
 * @param subnet a space without genes: `deriveSubnet`.
 * @param weights its tensors, by name.
 */
export function describeScript(
  subnet: SearchSpace,
  weights: readonly TensorEntry[],
): ScriptModuleDescription {
  const byName = new Map(weights.map((entry) => [entry.name, entry]));
  const tensors = parametersOf(subnet).map(({ name, trainable }) => ({ ...byName.get(name)!, trainable }));
  return { modules: describeModules(subnet), tensors };
}

/** The modules, the root last. */
function describeModules(subnet: SearchSpace): ScriptModule[] {
  const modules: ScriptModule[] = [];
  const root = new Method('', 'x');
  root.value = root.assign('images', `torch.contiguous(x, memory_format=${CHANNELS_LAST})`);
  const taken = new Set(['', ...subnet.layers.flatMap(({ choices }) => namesOf(choices[0]!.graph.nodes))]);
  walkSpace(subnet, ({ layer, graph: { nodes }, values }) => {
    const path = nodes.length > 1 ? commonPath(namesOf(nodes)) : '';
    // A layer that has no path to itself is written out in the network.
    if (taken.has(path)) {
      root.value = writeNodes(root, nodes, values, modules, root.value);
      return;
    }
    taken.add(path);
    const method = new Method(path, 'x');
    method.value = writeNodes(method, nodes, values, modules, 'x');
    modules.push({ path, type: className(subnet.layers[layer]!.choices[0]!.name), source: method.source() });
    root.value = root.assign(path, `${root.reach(path)}.forward(${root.value})`);
  });
  return [...modules, { path: '', type: className(subnet.name), source: root.source() }];
}

/** Writes a graph into `method`, and ops with parameters as modules; returns the variable of the output. */
function writeNodes(
  method: Method,
  nodes: readonly GraphNode[],
  shapes: readonly Shape[],
  modules: ScriptModule[],
  input: string,
): string {
  const variables = [input];
  nodes.forEach((node, i) => {
    const inputs = node.inputs.map((index) => variables[index]!);
    const context = { input: shapes[node.inputs[0]!]!, output: shapes[i + 1]!, read: readerOf([]) };
    const { torchscript } = definitionOf(node);
    const { module, lines, value } = torchscript(node, { ...context, inputs: ['x'] });
    if (module !== undefined) {
      modules.push({ path: node.name, type: module, source: forward('x', lines ?? [], value) });
      variables.push(method.assign(node.name, `${method.reach(node.name)}.forward(${inputs[0]})`));
      return;
    }
    const expression = torchscript(node, { ...context, inputs }).value;
    variables.push(expression === inputs[0] ? expression : method.assign(node.name, expression));
  });
  return variables.at(-1)!;
}

/** A `forward` in the making. */
class Method {
  readonly #lines: string[] = [];
  readonly #names: Set<string>;
  /** The variable to return. */
  value: string;

  constructor(
    /** The module it belongs to. */
    readonly path: string,
    readonly input: string,
  ) {
    this.#names = new Set([...RESERVED, input]);
    this.value = input;
  }

  /** Adds a statement; returns its variable, which is called after `path`. */
  assign(path: string, value: string): string {
    const words = this.#below(path).join('_').replace(/\W/g, '_');
    const base = /^[A-Za-z_]/.test(words) ? words : `x${words}`;
    let name = base;
    for (let i = 1; this.#names.has(name); i++) name = `${base}_${i}`;
    this.#names.add(name);
    this.#lines.push(`${name} = ${value}`);
    return name;
  }

  /** The expression of a module below this one. A numbered child is no identifier. */
  reach(path: string): string {
    return this.#below(path).reduce(
      (parent, child) =>
        /^[A-Za-z_]\w*$/.test(child) ? `${parent}.${child}` : `getattr(${parent}, ${JSON.stringify(child)})`,
      'self',
    );
  }

  source(): string {
    return forward(this.input, this.#lines, this.value);
  }

  #below(path: string): string[] {
    return (this.path === '' ? path : path.slice(this.path.length + 1)).split('.');
  }
}

function forward(input: string, lines: readonly string[], value: string): string {
  const body = [...lines, `return ${value}`].map((line) => `    ${line}\n`).join('');
  return `def forward(self, ${input}: Tensor) -> Tensor:\n${body}`;
}

const namesOf = (nodes: readonly GraphNode[]): string[] => nodes.map(({ name }) => name);

/** The longest dotted path all names are below. */
function commonPath(names: readonly string[]): string {
  const paths = names.map((name) => name.split('.').slice(0, -1));
  const [first = [], ...rest] = paths;
  let length = 0;
  while (length < first.length && rest.every((path) => path[length] === first[length])) length++;
  return first.slice(0, length).join('.');
}

/** `mb3-k3` → `Mb3K3`: what a module calls itself when printed. */
function className(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(joined) ? joined : `Block${joined}`;
}
