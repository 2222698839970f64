import { differences } from '../core/differences.js';
import { SinglePathError } from '../core/errors.js';

/** The error that says in what ranks differ from rank 0; undefined where all are equal. */
export function differencesOf(identities: readonly unknown[]): SinglePathError | undefined {
  const differ = identities.flatMap((identity, rank) =>
    differences(identities[0], identity).map((difference) =>
      difference.replace(/ there, (.*) here$/, ` on rank 0, $1 on rank ${rank}`),
    ),
  );
  if (differ.length === 0) return undefined;
  const shown = differ.slice(0, 5).join('; ') + (differ.length > 5 ? `; and ${differ.length - 5} more` : '');
  return new SinglePathError('RANKS_DIFFER', `Expected the same on all ranks but it differs: ${shown}`, {
    hint: 'start all ranks with the same settings, images, versions and kinds of processor (SINGLEPATH_ISA names an instruction set)',
  });
}
