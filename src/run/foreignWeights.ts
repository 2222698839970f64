import type { TensorEntry } from '../runtime/native.js';

/** What wrappers of PyTorch put before every name: DistributedDataParallel and torch.compile. */
const PREFIXES = ['module.', '_orig_mod.'];

/** Counters of nn.BatchNorm2d that nothing here needs. */
const IGNORED = /(^|\.)num_batches_tracked$/;

/**
 * A state_dict as PyTorch saves it, with the names of our tensors.
 *
 * @param own names of the network's tensors: what is one of them is left alone.
 * @returns the tensors, and what was left out or renamed, for people.
 */
export function fromStateDict(
  tensors: readonly TensorEntry[],
  own: ReadonlySet<string>,
): { tensors: TensorEntry[]; notes: string[] } {
  const notes: string[] = [];
  let kept = [...tensors];
  for (;;) {
    const prefix = PREFIXES.find((one) => kept.length > 0 && kept.every(({ name }) => name.startsWith(one)));
    if (prefix === undefined || kept.some(({ name }) => own.has(name))) break;
    kept = kept.map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
    notes.push(`the prefix '${prefix}' of every name`);
  }
  const counters = kept.filter(({ name }) => IGNORED.test(name) && !own.has(name));
  if (counters.length > 0) {
    kept = kept.filter((tensor) => !counters.includes(tensor));
    notes.push(`${counters.length} counters, such as '${counters[0]!.name}'`);
  }
  return { tensors: kept, notes };
}
