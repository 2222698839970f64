import { checkArguments } from '../core/check.js';
import { buildGraph, indexed, type Module } from '../graph/build.js';
import { ending } from '../graph/node/module.js';
import type { GeneValue } from '../graph/node/types.js';
import { checkSpace, type Locate } from './check.js';
import type { Choice, Gene, GeneKind, Layer, SearchSpace } from './types.js';

/** Turns the values of a width or bits gene into a dimension that follows it. */
export type Pick = (values: readonly number[]) => GeneValue;

/** The alternatives of a choice layer, by name and in the order of the block gene. */
export type Alternatives = Record<string, Module>;

export interface ChoiceLayerOptions {
  /** Labels of the width gene's values; absent: the layer has no width gene. */
  widths?: readonly string[];
  /** Labels of the bits gene's values. */
  bits?: readonly string[];
  /** Alternatives; with more than one the layer has a block gene. */
  choices: Alternatives | ((genes: { width: Pick; bits: Pick }) => Alternatives);
}

export type LayerSpec = { fixed: string; module: Module } | { fixed?: never; options: ChoiceLayerOptions };

/** A layer without genes. A single op gets the name of the layer; several are numbered as in `nn.Sequential`. */
export function fixed(name: string, ...modules: [Module, ...Module[]]): LayerSpec {
  checkArguments('fixed()', { text: name, modules });
  return { fixed: name, module: modules.length === 1 ? modules[0] : indexed(...modules) };
}

/** A choice layer; the i-th one is called `layers.<i>`, the graph of its choice c `layers.<i>.<c>`. */
export function choiceLayer(options: ChoiceLayerOptions): LayerSpec {
  checkArguments('choiceLayer()', { options });
  return { options };
}

export interface SpaceDefinition {
  name: string;
  input: SearchSpace['input'];
  classes: number;
  layers: readonly LayerSpec[];
  /** Says in errors where a choice is written. */
  locate?: Locate;
}

/**
 * Builds a search space from its table: names layers, numbers genes (blocks, then widths, then bits; by layer
 * inside a kind), builds the graphs and checks them.
 *
 * @throws SinglePathError `INVALID_SPACE` where graphs do not fit.
 */
export function defineSpace(definition: SpaceDefinition): SearchSpace {
  checkArguments('defineSpace()', { definition });
  const { name, input, classes, layers: specs, locate } = definition;
  const genes = numberGenes(specs);
  const indexOf = (kind: GeneKind, layer: number) =>
    genes.findIndex((gene) => gene.kind === kind && gene.layer === layer);

  let choiceLayers = 0;
  const layers = specs.map((spec, index): Layer => {
    if (spec.fixed !== undefined) {
      const graph = buildGraph(spec.fixed, spec.module, true);
      return { name: spec.fixed, choices: [{ name: spec.fixed, graph }] };
    }
    const layerName = `layers.${choiceLayers++}`;
    const pick = (kind: GeneKind): Pick => {
      return (values) => ({ gene: indexOf(kind, index), values: [...values] });
    };
    const alternatives = alternativesOf(layerName, spec.options, pick('width'), pick('bits'));
    const choices = Object.entries(alternatives).map(
      ([choice, module], c): Choice => ({ name: choice, graph: buildGraph(`${layerName}.${c}`, module) }),
    );
    const gene = indexOf('block', index);
    return { name: layerName, ...(gene >= 0 && { gene }), choices };
  });
  const space: SearchSpace = { name, input, classes, genes, layers };
  checkSpace(space, locate);
  return space;
}

function numberGenes(specs: readonly LayerSpec[]): Gene[] {
  const byKind: Record<GeneKind, Gene[]> = { block: [], width: [], bits: [] };
  let choiceLayers = 0;
  specs.forEach((spec, layer) => {
    if (spec.fixed !== undefined) return;
    const name = `layers.${choiceLayers++}`;
    const add = (kind: GeneKind, labels: readonly string[]) => {
      byKind[kind].push({ name: `${name}.${kind}`, kind, layer, size: labels.length, labels: [...labels] });
    };
    const { widths, bits } = spec.options;
    const unnumbered: Pick = (values) => ({ gene: -1, values: [...values] });
    const blocks = Object.keys(alternativesOf(name, spec.options, unnumbered, unnumbered));
    if (blocks.length > 1) add('block', blocks);
    if (widths) add('width', widths);
    if (bits) add('bits', bits);
  });
  return [...byKind.block, ...byKind.width, ...byKind.bits];
}

function alternativesOf(
  layer: string,
  { choices }: ChoiceLayerOptions,
  width: Pick,
  bits: Pick,
): Alternatives {
  return typeof choices === 'function' ? ending(layer, () => choices({ width, bits })) : choices;
}
