import { layerProfiles } from '../../cost/layers.js';
import { spaceSize } from '../../cost/statistics.js';
import { optionOf } from '../../cost/table.js';
import type { LayerFacts, SpaceFacts, SubjectFacts } from '../../report/facts.js';
import { formatArchitecture } from '../../space/architecture.js';
import { spaceHash } from '../../space/hash.js';
import type { Architecture, SearchSpace } from '../../space/types.js';

export function spaceFacts(space: SearchSpace): SpaceFacts {
  const size = spaceSize(space);
  return {
    name: space.name,
    hash: spaceHash(space),
    genes: space.genes.map(({ name, kind, layer, labels }) => ({
      name,
      kind,
      layer: space.layers[layer]!.name,
      labels,
    })),
    size: size < 10n ** 7n ? size.toLocaleString('en-US') : Number(size).toExponential(1),
    classes: space.classes,
  };
}

/** A network, layer by layer. */
export function subjectFacts(
  space: SearchSpace,
  architecture: Architecture,
  costs: Record<string, number>,
): SubjectFacts {
  const layers = layerProfiles(space).map(({ layer, genes, sizes, costs: options }): LayerFacts => {
    const { name, gene: block, choices } = space.layers[layer]!;
    const { madds, params } = options[optionOf(architecture, genes, sizes)]!;
    const labels = genes.map((gene) => space.genes[gene]!.labels[architecture[gene]!]!);
    return {
      name,
      choice: genes.length === 0 ? null : labels.join(' '),
      block: block === undefined || choices.length < 2 ? null : architecture[block]!,
      madds,
      params,
    };
  });
  return { architecture, text: formatArchitecture(space, architecture), costs, layers };
}
