import { expected } from './errors.js';

type Fields = Record<string, unknown>;

const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number';
const isFunction = (value: unknown) => typeof value === 'function';
const isList = (value: unknown) => Array.isArray(value) || ArrayBuffer.isView(value);
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf = (is: (value: unknown) => boolean) => (value: unknown) =>
  isList(value) && Array.prototype.every.call(value, is);
/** An object whose fields are such; others do not count. */
const object = (fields: Record<string, (value: unknown) => boolean>) => (value: unknown) =>
  isObject(value) && Object.entries(fields).every(([name, is]) => is(value[name]));

const isDim = (value: unknown) =>
  isNumber(value) || object({ gene: Number.isInteger, values: isList })(value);

/** Looks at each object once: functions that are called for every candidate are given the same space and table. */
function once(is: (value: unknown) => boolean): (value: unknown) => boolean {
  const known = new WeakSet<Fields>();
  return (value) => {
    if (!isObject(value)) return false;
    if (known.has(value)) return true;
    if (is(value)) known.add(value);
    return known.has(value);
  };
}

const isGene = object({ name: isText, size: isWhole, layer: isWhole, labels: isList });
const isChoice = object({
  name: isText,
  graph: object({ nodes: listOf(object({ op: isText, inputs: isList })) }),
});
const isSpace = once((value) => {
  const { genes } = value as { genes: unknown[] };
  const hasGene = ({ gene }: { gene?: unknown }) =>
    gene === undefined || (isWhole(gene) && (gene as number) < genes.length);
  const isLayer = (layer: unknown) =>
    object({ name: isText, choices: listOf(isChoice) })(layer) && hasGene(layer as { gene?: unknown });
  return object({ input: isObject, genes: listOf(isGene), layers: listOf(isLayer) })(value);
});
const isCostTable = once(
  object({ base: isNumber, layers: listOf(object({ genes: isList, sizes: isList, costs: isList })) }),
);
const isBound = object({ table: isCostTable });

/**
 * What the arguments of public functions can be: in words, and how a value is told to be one. Only as much is looked at
 * as tells the kinds of things apart; what is wrong inside one is found, and said, by the function that reads it.
 */
const KINDS = {
  architecture: ['a list of genes', isList],
  architectures: ['a list of architectures', listOf(isList)],
  batches: ['a list of batches', isList],
  bounds: ['a list of bounds on costs', listOf(isBound)],
  config: ['a configuration', isObject],
  constraint: ['a constraint', object({ metric: isText })],
  constraints: ['a list of constraints', listOf(object({ metric: isText }))],
  control: ['options', isObject],
  costTable: ['a table of costs', isCostTable],
  costTables: ['a list of costs', listOf(isCostTable)],
  dataset: ['a data set', object({ labels: isFunction, subset: isFunction })],
  count: ['a positive whole number', isCount],
  datasetConfig: ['the configuration of a data set', isObject],
  datasets: ['a list of data sets', isList],
  definition: ['a definition with layers', object({ layers: listOf(isObject) })],
  dim: ['a number, or the values of a gene', isDim],
  device: [
    'a session that measures',
    object({ run: isFunction, environment: isFunction, abilities: isObject }),
  ],
  evaluate: ['a function', isFunction],
  facts: ['the facts of a report', object({ title: isText, space: isObject, runs: isList })],
  feasibleSet: ['a set of architectures', object({ draw: isFunction })],
  geneSpace: ['a search space', object({ genes: isList })],
  latencyTable: ['a latency table', object({ header: isObject, rows: isList })],
  loader: ['a loader of batches', object({ from: isFunction })],
  loaderInput: [
    'the images of a data set',
    object({ native: isObject, indices: isList, normalization: isObject }),
  ],
  module: ['a module of nn', isFunction],
  modules: ['modules of nn', listOf(isFunction)],
  native: ['a native data set', object({ fingerprint: isFunction })],
  network: ['a network', object({ state: isFunction, load: isFunction })],
  numbers: ['a list of numbers', listOf(isNumber)],
  observations: ['observations', object({ architectures: listOf(isList), values: isList })],
  options: ['options', isObject],
  path: ['a path', isText],
  recipe: ['a recipe', isObject],
  report: ['a report of doctorReport()', object({ addon: isObject, libtorch: isObject })],
  run: ['a run', object({ path: isText, kind: isText })],
  sampler: ['a sampler', object({ at: isFunction })],
  scores: ['a list of named scores', listOf(object({ name: isText, values: isList }))],
  section: ['a section of a configuration', isObject],
  seed: ['a whole number', isWhole],
  settings: ['settings', isObject],
  script: ['a native TorchScript module', object({ forward: isFunction, dispose: isFunction })],
  sources: ['a list of sources of settings', listOf(object({ value: isObject, locate: isFunction }))],
  space: ['a search space', isSpace],
  spaceFile: ['a path or an object', (value: unknown) => isText(value) || isObject(value)],
  step: ['a whole number', isWhole],
  tensors: ['a list of tensors', listOf(object({ name: isText, shape: isList }))],
  text: ['a text', isText],
  texts: ['a list of texts', listOf(isText)],
} as const satisfies Record<string, readonly [what: string, is: (value: unknown) => boolean]>;

/**
 * The arguments of a public function, each under the name of its kind: in JavaScript nobody else looks at their types,
 * and a value of another kind would fail somewhere inside, in words about the inside.
 *
 * @param call is named in the error: `costStatistics()`.
 * @throws SinglePathError `INVALID_ARGUMENT` for the first value that is of another kind.
 */
export function checkArguments(
  call: string,
  values: { readonly [kind in keyof typeof KINDS]?: unknown },
): void {
  for (const kind in values) {
    const [what, is] = KINDS[kind as keyof typeof KINDS];
    const value = values[kind as keyof typeof KINDS];
    if (!is(value)) throw expected(what, call, value);
  }
}

/**
 * Callbacks of a call, checked before it begins: one that is no function would fail in the middle of the work.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming the callback.
 */
export function checkCallbacks(callbacks: Record<string, unknown>): void {
  for (const [name, callback] of Object.entries(callbacks)) {
    if (callback !== undefined && typeof callback !== 'function')
      throw expected('a function', name, callback);
  }
}
