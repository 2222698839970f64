import { z } from 'zod';
import { SinglePathError } from '../../core/errors.js';
import { type LatencyTable, TABLE_VERSION } from '../table.js';

const count = z.int().min(0);
const nanoseconds = z.int();
const shape = z.strictObject({ channels: count, height: count, width: count });
/** Protobuf has NaN in the place of null. */
const correlation = z.union([z.number().nullable(), z.nan().transform(() => null)]);
const span = z.strictObject({ before: z.number().optional(), after: z.number().optional() });

/** One row as JSON has it. */
const rowSchema = z.strictObject({
  key: z.string().min(1),
  label: z.string(),
  input: shape,
  output: shape,
  source: z.enum(['in_context', 'isolated', 'imported', 'interpolated']),
  status: z.enum(['ok', 'failed', 'timeout']),
  error: z.string().optional(),
  times: z
    .strictObject({
      n: count,
      p50: nanoseconds,
      p50Error: nanoseconds.optional(),
      min: nanoseconds.optional(),
      p10: nanoseconds.optional(),
      p90: nanoseconds.optional(),
      p99: nanoseconds.optional(),
      mean: nanoseconds.optional(),
      std: nanoseconds.optional(),
      trimmedMean: nanoseconds.optional(),
    })
    .optional(),
  flags: z.array(z.enum(['not_converged', 'drifted'])),
  published: z.strictObject({ mean: z.number(), spread: z.number() }).optional(),
});

const headerSchema = z.strictObject({
  version: z.int().min(1),
  tool: z.string(),
  created: z.string(),
  space: z.strictObject({
    name: z.string(),
    file: z.string(),
    size: count,
    channels: count,
    classes: count,
    options: z.record(z.string(), z.unknown()),
    hash: z.string(),
  }),
  environment: z.strictObject({
    device: z.string(),
    platform: z.string(),
    runtime: z.enum(['singlepath', 'torchscript', 'onnxruntime', 'runner', 'imported']),
    runtimeVersion: z.string(),
    runnerPattern: z.string().optional(),
    affinity: z.array(count),
    threads: count,
    batch: count,
    dtype: z.enum(['fp32', 'bf16']),
    layout: z.string(),
    governor: z.string(),
    clockMhz: span,
    load: span,
  }),
  overheadNs: nanoseconds,
  calibration: z
    // With a scale of 0 or less, larger networks would take no more time, or less.
    .strictObject({
      biasNs: nanoseconds,
      scale: z.number().positive(),
      networks: count,
      refitted: z.boolean(),
    })
    .optional(),
  accuracy: z
    .strictObject({
      networks: count,
      mape: z.number(),
      rmse: z.number(),
      bias: z.number(),
      within5: z.number(),
      within10: z.number(),
      kendall: correlation,
      spearman: correlation,
    })
    .optional(),
});

const tableSchema = z.strictObject({ header: headerSchema, rows: z.array(rowSchema) });

/**
 * A table from what a file held. Only its form is checked: `latency lint` says what is strange about the numbers.
 *
 * @throws SinglePathError `INVALID_TABLE` with the first place that does not fit.
 */
export function checkedTable(value: unknown, path: string): LatencyTable {
  const version = (value as { header?: { version?: unknown } } | null)?.header?.version;
  if (typeof version === 'number' && version > TABLE_VERSION) {
    throw new SinglePathError(
      'INVALID_TABLE',
      `Expected a latency table of version ${TABLE_VERSION} or less in '${path}' but it has version ${version}`,
      { hint: 'it was written by a newer singlepath: update this one' },
    );
  }
  const parsed = tableSchema.safeParse(value);
  if (parsed.success) return withoutUndefined(parsed.data) as LatencyTable;
  const issue = parsed.error.issues[0]!;
  throw notATable(path, `${issue.path.join('.')}: ${issue.message}`, parsed.error);
}

export function notATable(path: string, problem: string, cause?: unknown): SinglePathError {
  return new SinglePathError('INVALID_TABLE', `Expected a latency table in '${path}' but ${problem}`, {
    hint: 'tables end in .lut, .json or .csv; others are read with singlepath latency import',
    cause,
  });
}

/** So that equal tables are deeply equal, whatever they were read from. */
function withoutUndefined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
