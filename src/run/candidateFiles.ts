import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeFileAtomically } from '../core/files.js';
import { type CostTable, tableCost } from '../cost/table.js';
import type { Candidate } from '../search/types.js';
import type { Architecture } from '../space/types.js';
import { AppendFile, readJsonLines } from './appendFile.js';

const JSON_LINES = 'candidates.jsonl';
const CSV = 'candidates.csv';

/** A line of `candidates.jsonl`: a candidate of a search. */
export interface CandidateLine {
  phase: string;
  generation: number;
  /** `random`, `mutation` or `crossover`. */
  origin: string;
  architecture: number[];
  /** In [0, 1], on the held-out images. */
  accuracy: number;
  top5: number | null;
  /** Mean cross-entropy. */
  loss: number | null;
  costs: Record<string, number>;
  parents: number[][];
}

/**
 * The candidates of a search's run directory, in the order they were scored; none where it has scored none yet.
 *
 * @throws SinglePathError `IO`, `INVALID_CHECKPOINT` for a broken line.
 */
export function readCandidates(directory: string): CandidateLine[] {
  const file = join(directory, JSON_LINES);
  if (!existsSync(file)) return [];
  const hint = 'the file is damaged: `singlepath search --resume` writes it anew';
  return readJsonLines<CandidateLine>(file, { what: 'a candidate in JSON', hint });
}

/**
 * `candidates.jsonl` and `candidates.csv` of a search's run directory: every candidate that it scored, in order, a line
 * each. They are what the checkpoints say: a generation is appended when it is complete, and on resume they are written
 * anew from the state the search goes on from.
 */
export class CandidateFiles implements Disposable {
  private constructor(
    private readonly costs: readonly CostTable[],
    private readonly json: AppendFile,
    private readonly csv: AppendFile,
  ) {}

  /**
   * @param before candidates already scored, by phase.
   * @throws SinglePathError `IO`
   */
  static async open(
    directory: string,
    costs: readonly CostTable[],
    before: readonly (readonly [phase: string, candidates: readonly Candidate[]])[],
  ): Promise<CandidateFiles> {
    const lines = before.flatMap(([phase, candidates]) =>
      candidates.map((candidate) => lineOf(phase, candidate, costs)),
    );
    const [json, csv] = [join(directory, JSON_LINES), join(directory, CSV)];
    await writeFileAtomically(json, lines.map(jsonLine));
    await writeFileAtomically(csv, [csvHeader(costs), ...lines.map((line) => csvLine(line, costs))]);
    return new CandidateFiles(costs, new AppendFile(json), new AppendFile(csv));
  }

  /** @throws SinglePathError `IO` */
  append(phase: string, candidates: readonly Candidate[]): void {
    const lines = candidates.map((candidate) => lineOf(phase, candidate, this.costs));
    this.json.append(Buffer.from(lines.map(jsonLine).join('')));
    this.csv.append(Buffer.from(lines.map((line) => csvLine(line, this.costs)).join('')));
  }

  [Symbol.dispose](): void {
    this.json[Symbol.dispose]();
    this.csv[Symbol.dispose]();
  }
}

function lineOf(phase: string, candidate: Candidate, costs: readonly CostTable[]): CandidateLine {
  const { architecture, score, generation, origin, parents = [] } = candidate;
  return {
    phase,
    generation,
    origin,
    architecture: [...architecture],
    accuracy: score.accuracy,
    top5: score.top5 ?? null,
    loss: score.loss ?? null,
    costs: Object.fromEntries(costs.map((table) => [table.metric, tableCost(table, architecture)])),
    parents: parents.map((parent) => [...parent]),
  };
}

function jsonLine(line: CandidateLine): string {
  return `${JSON.stringify(line)}\n`;
}

function csvHeader(costs: readonly CostTable[]): string {
  const metrics = costs.map(({ metric }) => metric);
  return stringify([
    ['phase', 'generation', 'origin', 'architecture', 'accuracy', 'top5', 'loss', ...metrics, 'parents'],
  ]);
}

/** Genes are joined by hyphens, parents by spaces. */
function csvLine(line: CandidateLine, costs: readonly CostTable[]): string {
  const genes = (architecture: Architecture): string => architecture.join('-');
  return stringify([
    [
      ...[line.phase, line.generation, line.origin, genes(line.architecture)],
      ...[line.accuracy, line.top5, line.loss],
      ...costs.map(({ metric }) => line.costs[metric]),
      line.parents.map(genes).join(' '),
    ],
  ]);
}
