type Row = readonly number[];

/**
 * Cuts rows, sorted so that neighbours share prefixes, into about `count` runs of similar cost, at places where little is
 * shared: a prefix that two runs have in common is computed twice. The cost of a run is the number of nodes of its trie.
 *
 * @returns the runs, the most costly first: the last to be taken are small.
 */
export function cutUnits<T extends Row>(sorted: readonly T[], count: number): T[][] {
  if (sorted.length === 0) return [];
  // What a row adds to the trie of those before it.
  const added = sorted.map((row, i) => row.length - (i === 0 ? 0 : shared(sorted[i - 1]!, row)));
  const target = added.reduce((sum, nodes) => sum + nodes, 0) / Math.min(count, sorted.length);
  const units: { rows: T[]; cost: number }[] = [];
  let start = 0;
  while (start < sorted.length) {
    const end = endOf(sorted, added, start, target);
    const rows = sorted.slice(start, end);
    const first = rows[0]!.length - added[start]!; // its prefix is computed again
    units.push({ rows, cost: added.slice(start, end).reduce((sum, nodes) => sum + nodes, first) });
    start = end;
  }
  return units.sort((a, b) => b.cost - a.cost).map(({ rows }) => rows);
}

/** The end of a run of 3/4 to 5/4 of the cost wanted, before the row that shares least with the one before it. */
function endOf(sorted: readonly Row[], added: readonly number[], start: number, target: number): number {
  let cost = added[start]!;
  let best = start + 1;
  let most = -1;
  for (let end = start + 1; end < sorted.length; end++) {
    if (cost >= 1.25 * target) return most === -1 ? end : best;
    if (cost >= 0.75 * target && added[end]! > most) [best, most] = [end, added[end]!];
    cost += added[end]!;
  }
  // A rest that is too small for a run of its own stays with this one.
  return cost >= 1.25 * target && most !== -1 ? best : sorted.length;
}

function shared(a: Row, b: Row): number {
  const differ = a.findIndex((value, index) => value !== b[index]);
  return differ === -1 ? a.length : differ;
}
