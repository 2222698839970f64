import { expected } from '../core/errors.js';
import type { Architecture } from '../space/types.js';

/** An architecture with the accuracy it reaches when trained alone. */
export interface TrueAccuracy {
  architecture: Architecture;
  accuracy: number;
  /** Costs the file states, by metric. */
  costs: Record<string, number>;
}

/**
 * Reads a document of true accuracies:
 * - NAS-Bench-Macro: `{"01201201": {"mean_acc": 91.2, "flops": …, "params": …}, …}`, or
 * - a list: `[{"architecture": [0, 1, 2] | "0,1,2" | "012", "accuracy": 91.2, "madds": …}, …]`; `arch` is taken, too.
 *
 * @throws SinglePathError `INVALID_ARGUMENT` naming the entry that does not fit.
 */
export function parseTrueAccuracies(document: unknown): TrueAccuracy[] {
  const entries = Array.isArray(document)
    ? document.map((entry, i) =>
        parseEntry(entry, entry?.architecture ?? entry?.arch, 'accuracy', `entry ${i}`),
      )
    : typeof document === 'object' && document !== null
      ? Object.entries(document).map(([key, entry]) => parseEntry(entry, key, 'mean_acc', `'${key}'`))
      : [];
  if (entries.length === 0) {
    throw expected(
      'a list of { architecture, accuracy } or an object of NAS-Bench-Macro keys',
      'true accuracies',
      document,
    );
  }
  const seen = new Set<string>();
  for (const { architecture } of entries) {
    const key = architecture.join();
    if (architecture.length !== entries[0]!.architecture.length) {
      throw expected(`${entries[0]!.architecture.length} genes like the first`, 'true accuracies', key);
    }
    if (seen.has(key)) throw expected('each architecture once', 'true accuracies', key);
    seen.add(key);
  }
  return entries;
}

function parseEntry(entry: unknown, genes: unknown, accuracyField: string, where: string): TrueAccuracy {
  const architecture = parseGenes(genes);
  if (architecture === undefined)
    throw expected('genes such as [0, 1, 2] or "0,1,2"', `${where} of true accuracies`, genes);
  const fields = (entry ?? {}) as Record<string, unknown>;
  const accuracy = fields[accuracyField];
  if (typeof accuracy !== 'number' || !Number.isFinite(accuracy)) {
    throw expected('a number', `${accuracyField} of ${where}`, accuracy);
  }
  const costs: Record<string, number> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'number' || name === accuracyField || name === 'std') continue;
    costs[name === 'flops' ? 'madds' : name] = value;
  }
  return { architecture, accuracy, costs };
}

function parseGenes(genes: unknown): number[] | undefined {
  const values =
    typeof genes === 'string'
      ? (genes.includes(',') ? genes.split(',') : [...genes]).map((part) =>
          part.trim() === '' ? Number.NaN : Number(part),
        )
      : genes;
  return Array.isArray(values) &&
    values.length > 0 &&
    values.every((value) => Number.isInteger(value) && value >= 0)
    ? values
    : undefined;
}
