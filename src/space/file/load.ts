import { type DocumentKind, issuesError, place } from '../../config/issues.js';
import { type ConfigSource, fileSource, objectSource, yamlSource } from '../../config/sources.js';
import { checkArguments } from '../../core/check.js';
import { didYouMean, expected, SinglePathError, withPrefix } from '../../core/errors.js';
import { buildGraph, indexed, type Module } from '../../graph/build.js';
import type { Shape } from '../../graph/node/types.js';
import { inferShapes } from '../../graph/walk.js';
import { genesOf } from '../combinations.js';
import { type ChoiceLayerOptions, choiceLayer, defineSpace, type LayerSpec } from '../define.js';
import { checkInputOption, INPUT_OPTIONS } from '../input.js';
import type { SearchSpace } from '../types.js';
import { modulesOf } from './compose.js';
import { type LayerRow, type Operation, type SpaceFile, spaceFileSchema, spaceJsonSchema } from './schema.js';
import type { Context } from './values.js';

export interface LoadSpaceOptions {
  /** Height and width of the images, classes, input channels: instead of those in the file. */
  size?: number | undefined;
  classes?: number | undefined;
  channels?: number | undefined;
}

/**
 * Reads a search space written in YAML or JSON (docs/spaces.md), from a file or as the object it would parse to.
 *
 * @throws SinglePathError `INVALID_SPACE` with file:line:column, `INVALID_CONFIG` where it is no YAML.
 */
export function loadSpace(
  source: string | object,
  options: LoadSpaceOptions | Record<string, unknown> = {},
): SearchSpace {
  checkArguments('loadSpace()', { spaceFile: source, options });
  return build(
    typeof source === 'string' ? fileSource(source, 'space file') : objectSource(source, 'space'),
    {
      ...options,
    },
  );
}

/** The same from text; `source` names it in errors. */
export function parseSpace(text: string, source = 'space', options: LoadSpaceOptions = {}): SearchSpace {
  checkArguments('parseSpace()', { text });
  return build(yamlSource(text, source), { ...options });
}

const SPACE_FILE: DocumentKind = { code: 'INVALID_SPACE', schema: spaceJsonSchema, docs: 'docs/spaces.md' };

function build(source: ConfigSource, options: Record<string, unknown>): SearchSpace {
  const parsed = spaceFileSchema.safeParse(source.value);
  if (!parsed.success) throw issuesError(parsed.error.issues, source.value, [source], SPACE_FILE);
  const { name, input, classes, layers: rows } = withOptions(parsed.data, options);

  let shape: Shape = { channels: input.channels, height: input.size, width: input.size };
  const layers: LayerSpec[] = [];
  const origins: { row: number; choices: string[] }[] = [];
  const locate = (layer: number, choice: number): string => {
    const { row, choices } = origins[layer]!;
    const below = choices.length === 0 ? [] : ['choices', choices[choice]!];
    return place(['layers', row, ...below], [source], 'key');
  };
  let choiceLayers = 0;
  rows.forEach((row, index) => {
    for (let i = 0; i < (row.repeat ?? 1); i++) {
      const stride = i === 0 ? (row.stride ?? 1) : 1;
      const context = { in: shape.channels, out: row.out ?? shape.channels, stride, classes };
      const spec = layerOf(row, context, (choice) => place(['layers', index, ...choice], [source], 'key'));
      origins.push({ row: index, choices: Object.keys(row.choices ?? {}) });
      layers.push(spec);
      const [path, module] =
        spec.fixed === undefined
          ? [`layers.${choiceLayers++}.0`, firstChoice(spec.options)]
          : [spec.fixed, spec.module];
      shape = withPrefix(locate(layers.length - 1, 0), () => shapeAfter(path, module, shape));
    }
  });
  const space = defineSpace({ name, input, classes, layers, locate });
  checkRead(space, (layer, key) => place(['layers', origins[layer]!.row, key], [source], 'key'));
  return space;
}

/** A gene that no operation follows makes a space larger, and searches choose by chance. */
function checkRead({ genes, layers }: SearchSpace, locate: (layer: number, key: string) => string): void {
  genes.forEach(({ kind, layer }, index) => {
    const read = layers[layer]!.choices.some(({ graph }) => genesOf(graph).includes(index));
    if (kind === 'block' || read) return;
    const [key, example] =
      kind === 'width' ? ['widths', '{width: $out}'] : ['bits', 'fakeQuantize: {method: pact}'];
    throw new SinglePathError(
      'INVALID_SPACE',
      `${locate(layer, key)}Expected an operation of '${layers[layer]!.name}' that refers to '${key}' but none does`,
      { hint: `for example ${example}; or leave '${key}' out` },
    );
  });
}

/**
 * A row of the file as a layer. Several operations are numbered like `nn.Sequential`; one stands for itself.
 * `locate` says where operations are written, given their path below the row.
 */
function layerOf(
  { name, steps, choices = {}, widths, bits }: LayerRow,
  row: Context,
  locate: (path: string[]) => string,
): LayerSpec {
  const inOrder = (list: readonly Operation[], context: Context, path: string[]): Module => {
    const modules = withPrefix(locate(path), () => modulesOf(list, context));
    return modules.length === 1 ? modules[0]! : indexed(...modules);
  };
  if (steps !== undefined) return { fixed: name!, module: inOrder(steps, row, ['steps']) };
  return choiceLayer({
    ...(widths && { widths: widths.map(String) }),
    ...(bits && { bits: bits.map(([w, a]) => `w${w}a${a}`) }),
    choices: (pick) => {
      const context: Context = {
        ...row,
        width: widths && { scales: widths, pick: pick.width },
        bits: bits && { pairs: bits, pick: pick.bits },
      };
      return Object.fromEntries(
        Object.entries(choices).map(([key, list]) => [key, inOrder(list, context, ['choices', key])]),
      );
    },
  });
}

/** Shape after a module whose genes are all 0. Other choices have to yield it too, which defineSpace checks. */
function shapeAfter(path: string, module: Module, input: Shape): Shape {
  const graph = buildGraph(path, module);
  return inferShapes(graph, input, (dim) => (typeof dim === 'number' ? dim : dim.values[0]!)).at(-1)!;
}

function firstChoice({ choices }: ChoiceLayerOptions): Module {
  const unnumbered = (values: readonly number[]) => ({ gene: -1, values: [...values] });
  const alternatives =
    typeof choices === 'function' ? choices({ width: unnumbered, bits: unnumbered }) : choices;
  return Object.values(alternatives)[0]!;
}

function withOptions(file: SpaceFile, options: Record<string, unknown>): SpaceFile {
  for (const [key, value] of Object.entries(options)) {
    if (!INPUT_OPTIONS.includes(key)) {
      throw expected('a known option', `'${file.name}'`, key, { hint: didYouMean(key, INPUT_OPTIONS) });
    }
    if (value !== undefined) checkInputOption(file.name, key, value);
  }
  const {
    size = file.input.size,
    channels = file.input.channels,
    classes = file.classes,
  } = options as LoadSpaceOptions;
  return { ...file, input: { size, channels }, classes };
}
