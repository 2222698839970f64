import { SinglePathError } from '../../core/errors.js';
import { DATA_DEFAULTS } from '../../data/defaults.js';
import { type DatasetReport, inspectDataset } from '../../data/inspect.js';
import { detectKind } from '../../data/kinds/detect.js';
import { type DatasetConfig, datasetDefinition } from '../../data/kinds/index.js';
import { packDataset } from '../../data/pack.js';
import { describeReport } from '../../report/dataset.js';
import { formatBytes } from '../../report/format.js';
import type { ImageProblem } from '../../runtime/native.js';
import type { OutputOptions } from '../common/options.js';
import { printJson, printText } from '../common/output.js';
import { createSession, type Session } from '../common/session.js';
import { stoppable } from '../common/signals.js';
import { refuseWithoutEffect } from '../common/withoutEffect.js';

interface SourceOptions extends OutputOptions {
  kind?: string;
  testPath?: string;
  threads?: number;
}

interface PolicyOptions {
  policy?: 'error' | 'skip';
  maxBroken?: number;
}

export interface DataInfoOptions extends SourceOptions {
  sample: number;
}

export interface DataVerifyOptions extends SourceOptions, PolicyOptions {}

export interface DataPackOptions extends SourceOptions, PolicyOptions {
  resize?: number;
  quality?: number;
  raw?: boolean;
  resume?: boolean;
  overwrite?: boolean;
}

/** `singlepath data info` */
export async function dataInfo(path: string, options: DataInfoOptions): Promise<void> {
  const { config, splits } = await inspectAll(path, options, options.sample);
  if (options.json) printJson('data info', { path, kind: config.kind, splits });
  else printText(describeReport(path, config.kind, splits));
}

/** `singlepath data verify`: exit code 1 where more is broken than the policy allows. */
export async function dataVerify(path: string, options: DataVerifyOptions): Promise<void> {
  checkPolicy(options);
  const { config, splits } = await inspectAll(path, options, -1);
  const images = splits.reduce((sum, split) => sum + split.images, 0);
  const broken = splits.flatMap((split) => split.broken);
  const { policy = DATA_DEFAULTS.broken, maxBroken = DATA_DEFAULTS.brokenShare } = options;
  const limit = policy === 'error' ? 0 : maxBroken * images;
  const ok = broken.length <= limit;
  if (options.json) printJson('data verify', { path, kind: config.kind, images, ok, broken });
  else {
    for (const { name, reason } of broken) printText(`${name}: ${reason}`);
    const allowed = policy === 'skip' ? `, ${Math.floor(limit)} allowed` : '';
    printText(`${path}: ${images} images, ${broken.length} broken${allowed}`);
  }
  if (!ok) process.exitCode = 1;
}

/** `singlepath data pack` */
export async function dataPack(path: string, file: string, options: DataPackOptions): Promise<void> {
  checkPolicy(options);
  const {
    resize,
    quality,
    raw,
    resume,
    overwrite,
    threads,
    policy: broken,
    maxBroken: brokenShare,
  } = options;
  const config = sourceOf(path, options);
  const session = createSession(options);
  const report = await withProgress(session, 'pack', (onProgress) =>
    stoppable({ saves: 'what is packed so far' }, (signal) =>
      packDataset(config, file, {
        signal,
        onProgress,
        ...(quality !== undefined && { quality }),
        ...(broken !== undefined && { broken }),
        ...(brokenShare !== undefined && { brokenShare }),
        ...(resize !== undefined && { resize }),
        ...(raw && { raw }),
        ...(resume && { resume }),
        ...(overwrite && { overwrite }),
        ...(threads !== undefined && { threads }),
      }),
    ),
  );
  const { images, training, bytes, resumed, leftOut } = report;
  warnOf(session, leftOut);
  if (options.json)
    printJson('data pack', {
      path: file,
      images,
      training,
      test: images - training,
      bytes,
      resumed,
      leftOut,
    });
  else {
    const parts = [`${training} training and ${images - training} test images`, formatBytes(bytes)];
    if (resumed > 0) parts.push(`${resumed} of them packed earlier`);
    if (leftOut.length > 0) parts.push(`${leftOut.length} broken images left out`);
    printText(`${file}: ${parts.join(', ')}`);
  }
}

function checkPolicy({ policy = DATA_DEFAULTS.broken, maxBroken }: PolicyOptions): void {
  if (policy === 'error')
    refuseWithoutEffect([{ option: '--max-broken', given: maxBroken, expected: '--policy skip beside' }]);
}

/** Every split there is. */
async function inspectAll(
  path: string,
  options: SourceOptions,
  decode: number,
): Promise<{ config: DatasetConfig; splits: DatasetReport[] }> {
  const config = sourceOf(path, options);
  const session = createSession(options);
  const inspect = (split: 'train' | 'test') =>
    withProgress(session, split, (onProgress) =>
      stoppable({}, (signal) =>
        inspectDataset(config, split, {
          decode,
          signal,
          onProgress,
          ...(options.threads !== undefined && { threads: options.threads }),
        }),
      ),
    );
  const train = await inspect('train');
  return { config, splits: train.hasTest ? [train, await inspect('test')] : [train] };
}

function sourceOf(path: string, { kind = detectKind(path), testPath }: SourceOptions): DatasetConfig {
  const { fromConfig, imageFiles } = datasetDefinition(kind);
  if (fromConfig === undefined || kind === 'synthetic') {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected a kind of data on disk for --kind but received '${kind}'`,
    );
  }
  if (testPath !== undefined && !imageFiles) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected a kind of image files for --test-path but received '${kind}'`,
      { hint: `leave --test-path out: the test images of '${kind}' lie beside its training images` },
    );
  }
  return { kind, path, ...(testPath !== undefined && { testPath }) } as DatasetConfig;
}

async function withProgress<Result>(
  session: Session,
  title: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<Result>,
): Promise<Result> {
  let progress: ReturnType<Session['progress']> | undefined;
  try {
    return await work((done, total) => {
      progress ??= session.progress({ title, total, every: Math.ceil(total / 10) });
      progress.update(done, {});
    });
  } finally {
    progress?.stop();
  }
}

function warnOf(session: Session, problems: readonly ImageProblem[]): void {
  for (const { reason } of problems) session.log.warn(reason);
}
