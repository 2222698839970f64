import { generationOf } from '../../config/schema/search.js';
import { formatConstraint, parseConstraints } from '../../cost/constraint.js';
import type { RunFacts, SearchFacts } from '../../report/facts.js';
import { readCandidates } from '../../run/candidateFiles.js';
import { holdsResult } from '../../run/header.js';
import { readImageRecord } from '../../run/images.js';
import type { Series } from '../../run/series.js';
import type { Timeline } from '../../run/timeline.js';
import { type CostedCandidate, choicesOf, type SearchResult } from '../../search/result.js';
import type { SearchSpace } from '../../space/types.js';
import { readResult, type StoredRun } from '../runs/runs.js';

/** What a search found, or has found so far. */
export function searchFacts(
  space: SearchSpace,
  { path, config }: StoredRun,
  run: RunFacts,
  timeline: Timeline,
): SearchFacts {
  const candidates = readCandidates(path);
  const result = holdsResult(path) ? readResult<SearchResult>(path) : undefined;
  const record = readImageRecord(path);
  const calibrationImages = record?.calibration?.positions.length ?? config.evaluate.calibrationImages;
  const { validationImages } = config.evaluate;
  const reserved = record?.heldOut?.positions.length ?? validationImages;
  // As FixedImages takes them: all of them where more are asked for.
  const heldOut = validationImages === 0 ? reserved : Math.min(validationImages, reserved);
  run.passes.evaluated = candidates.length * (calibrationImages + heldOut);
  return {
    run,
    method: result?.method ?? config.search.algorithm,
    metrics: Object.keys(candidates[0]?.costs ?? {}),
    constraints: parseConstraints(config.search.constraints).map((constraint) => ({
      ...constraint,
      text: formatConstraint(constraint),
    })),
    candidates,
    generations: [
      ...generationsOf('search', timeline.search),
      ...generationsOf('baseline', timeline.baseline),
    ],
    topK: result?.topK ?? bestOf(space, candidates, generationOf(config.search).topK),
    ...(result?.front && { front: result.front }),
    ...(result && { winner: result.winner }),
    ...(result?.baseline && { baseline: result.baseline.winner }),
    finalists: result?.finalists ?? [],
    calibration: result?.calibration?.networks ?? [],
    ...(result?.note !== undefined && { note: result.note }),
    heldOut,
    calibrationImages,
  };
}

function generationsOf(phase: 'search' | 'baseline', series: Series): SearchFacts['generations'] {
  const [best, median, evaluated] = ['best', 'median', 'evaluated'].map(
    // All of them: a choice of points is another one for each metric.
    (metric) =>
      new Map(
        series.points(metric, { most: Number.POSITIVE_INFINITY }).map(({ step, value }) => [step, value]),
      ),
  );
  return [...best!.keys()].map((step, generation) => ({
    phase,
    generation,
    best: best!.get(step)!,
    median: median!.get(step) ?? null,
    evaluated: evaluated!.get(step) ?? 0,
  }));
}

/** Of a search that has no result yet. */
function bestOf(
  space: SearchSpace,
  candidates: ReturnType<typeof readCandidates>,
  count: number,
): CostedCandidate[] {
  return candidates
    .filter(({ phase }) => phase === 'search')
    .toSorted((a, b) => b.accuracy - a.accuracy)
    .slice(0, count)
    .map(({ architecture, accuracy, costs, generation }) => ({
      architecture,
      choices: choicesOf(space, architecture),
      score: { accuracy },
      costs,
      generation,
    }));
}
