import { describeDifference, differences, firstDifferences } from '../core/differences.js';
import { SinglePathError } from '../core/errors.js';

/** The error that says in what the ranks differ from rank 0; undefined where all are equal. */
export function differencesOf(identities: readonly unknown[]): SinglePathError | undefined {
  const differ = identities.flatMap((identity, rank) => differencesOnRank(identities[0], identity, rank));
  return ranksDiffer(
    differ,
    'start all ranks with the same settings, images, versions and kinds of processor (SINGLEPATH_ISA names an instruction set)',
  );
}

/** The same of one rank that is about to score candidates for rank 0. */
export function differenceFromFirst(first: unknown, own: unknown, rank: number): SinglePathError | undefined {
  return ranksDiffer(
    differencesOnRank(first, own, rank),
    'scores would differ: start all ranks with the same supernet, images, versions and kinds of processor',
  );
}

function differencesOnRank(first: unknown, own: unknown, rank: number): string[] {
  return differences(first, own).map((one) => describeDifference(one, 'on rank 0', `on rank ${rank}`));
}

function ranksDiffer(differ: readonly string[], hint: string): SinglePathError | undefined {
  if (differ.length === 0) return undefined;
  const message = `Expected the same on all ranks but it differs: ${firstDifferences(differ)}`;
  return new SinglePathError('RANKS_DIFFER', message, { hint });
}
