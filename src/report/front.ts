import type { CandidateLine } from '../run/candidateFiles.js';
import type { SearchFacts } from './facts.js';

type Costed = Pick<CandidateLine, 'accuracy' | 'costs'>;
interface Point {
  x: number;
  y: number;
}

/** The front that the search found, from cheap to dear; of a search that found none that of its candidates. */
export function drawnFront(
  { front, candidates }: Pick<SearchFacts, 'front' | 'candidates'>,
  metric: string,
): Point[] {
  if (front === undefined) return frontOf(candidates, metric);
  return fromCheapToDear(
    front.map(({ score, costs }) => ({ accuracy: score.accuracy, costs })),
    metric,
  );
}

/** Candidates that none is both cheaper and more accurate than, from cheap to dear. */
export function frontOf(candidates: readonly Costed[], metric: string): Point[] {
  const front: Point[] = [];
  for (const point of fromCheapToDear(candidates, metric)) {
    if (point.y > (front.at(-1)?.y ?? Number.NEGATIVE_INFINITY)) front.push(point);
  }
  return front;
}

function fromCheapToDear(candidates: readonly Costed[], metric: string): Point[] {
  return candidates
    .map(({ accuracy, costs }) => ({ x: costs[metric] ?? 0, y: accuracy }))
    .sort((a, b) => a.x - b.x || b.y - a.y);
}
