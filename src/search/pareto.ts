/** Objectives of one point, all minimized. */
export type Objectives = readonly number[];

/** Whether `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: Objectives, b: Objectives): boolean {
  let better = false;
  for (let m = 0; m < a.length; m++) {
    if (a[m]! > b[m]!) return false;
    if (a[m]! < b[m]!) better = true;
  }
  return better;
}

/** Indices of the points that no other dominates, in order. Points that are equal stay together. */
export function paretoFront(points: readonly Objectives[]): number[] {
  const order = points.map((_, i) => i).sort((i, j) => compare(points[i]!, points[j]!));
  const front: number[] = [];
  // In lexicographic order a point can only be dominated by an earlier one, and then by one on the front.
  for (const i of order) if (!front.some((j) => dominates(points[j]!, points[i]!))) front.push(i);
  return front.sort((i, j) => i - j);
}

/** Non-dominated sorting (Deb et al. 2002): fronts of indices, best first. */
export function nonDominatedSort(points: readonly Objectives[]): number[][] {
  const fronts: number[][] = [];
  let left = points.map((_, i) => i);
  while (left.length > 0) {
    const front = paretoFront(left.map((i) => points[i]!)).map((i) => left[i]!);
    fronts.push(front);
    const taken = new Set(front);
    left = left.filter((i) => !taken.has(i));
  }
  return fronts;
}

/** Crowding distance of each point of a front (Deb et al. 2002); infinite at the ends of every objective. */
export function crowdingDistance(points: readonly Objectives[]): number[] {
  const distance = points.map(() => 0);
  for (let m = 0; m < (points[0]?.length ?? 0); m++) {
    const order = points.map((_, i) => i).sort((i, j) => points[i]![m]! - points[j]![m]!);
    const first = order[0]!;
    const last = order[order.length - 1]!;
    const range = points[last]![m]! - points[first]![m]!;
    distance[first] = Number.POSITIVE_INFINITY;
    distance[last] = Number.POSITIVE_INFINITY;
    if (range === 0) continue;
    for (let i = 1; i < order.length - 1; i++) {
      distance[order[i]!]! += (points[order[i + 1]!]![m]! - points[order[i - 1]!]![m]!) / range;
    }
  }
  return distance;
}

function compare(a: Objectives, b: Objectives): number {
  for (let m = 0; m < a.length; m++) if (a[m] !== b[m]) return a[m]! - b[m]!;
  return 0;
}
