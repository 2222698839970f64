/** Searches on the scores of all networks, which `ranking.ts` has computed: as the product searches, in a second. */

import type { RankedNetwork } from '../../src/pipeline/runRank.js';
import { legalArchitectures } from '../../src/pipeline/setup/legalArchitectures.js';
import { evolutionarySearch } from '../../src/search/evolution.js';
import { withModel } from '../../src/search/generations.js';
import { randomSearch } from '../../src/search/random.js';
import type { Candidate, Evaluate, Valuation } from '../../src/search/types.js';
import { Equivalence } from '../../src/space/equivalence.js';
import type { Architecture, SearchSpace } from '../../src/space/types.js';
import { scoreOf } from './setting.js';

/** All networks of a space with their scores and true accuracies. */
export class Table {
  readonly equivalence: Equivalence;
  readonly #networks: Map<string, RankedNetwork>;

  constructor(
    readonly space: SearchSpace,
    readonly networks: readonly RankedNetwork[],
  ) {
    this.equivalence = new Equivalence(space);
    this.#networks = new Map(networks.map((network) => [network.architecture.join(), network]));
  }

  /** Architectures that are the same network have its scores. */
  network(architecture: Architecture): RankedNetwork {
    return this.#networks.get(this.equivalence.canonical(architecture).join())!;
  }

  evaluate: Evaluate = async (architectures) =>
    architectures.map((architecture) => scoreOf(this.network(architecture)));

  /** Different networks of at most so many MAdds. */
  legal(cap: number): RankedNetwork[] {
    return this.networks.filter(({ scores }) => scores.MAdds! <= cap);
  }

  /** Everything a search with the product's defaults evaluates under a limit, in order, with the model's scores. */
  async search(
    algorithm: 'evolution' | 'random',
    cap: number,
    seed: number,
    valuation?: Valuation,
  ): Promise<readonly Candidate[]> {
    const feasible = legalArchitectures(this.space, [`madds<=${cap}`]);
    const options = { seed, feasible, ...(valuation && { valuation }) };
    const run = algorithm === 'evolution' ? evolutionarySearch : randomSearch;
    let visited: readonly Candidate[] = [];
    for await (const state of run(this.space, this.evaluate, options)) visited = state.visited;
    return withModel(visited, valuation);
  }
}
