import { formatBytes, formatDuration, formatExact, formatPercent } from '../../report/format.js';
import type { RunSummary } from '../protocol.js';

/** Names of curves for people. */
export function curveTitle(name: string): string {
  const [kind, metric = ''] = name.split('/');
  const known: Record<string, string> = {
    loss: 'loss',
    accuracy: 'accuracy',
    top5: 'top-5 accuracy',
    learningRate: 'learning rate',
    imagesPerSecond: 'images per second',
    waitingForData: 'share of time waiting for images',
    gradientNorm: 'gradient norm',
    best: 'best candidate',
    median: 'median candidate',
  };
  const of: Record<string, string> = {
    train: 'training',
    validation: 'test',
    search: 'search:',
    baseline: 'random search:',
  };
  return `${of[kind!] ?? kind} ${known[metric] ?? metric}`;
}

/** A value of a curve. */
export function formatValue(name: string, value: number): string {
  if (/\/(accuracy|top5|best|median|waitingForData)$/.test(name)) return formatPercent(value);
  if (name.endsWith('/imagesPerSecond')) return formatExact(Math.round(value));
  return String(Number(value.toPrecision(5)));
}

/** `train · 120 of 400 steps · 3m 12s · 512 images/s` */
export function describeRun(run: RunSummary): string {
  const of = run.steps === null ? '' : ` of ${formatExact(run.steps)}`;
  return [
    run.space,
    `${formatExact(run.step)}${of} ${run.kind === 'search' ? 'generations' : 'steps'}`,
    formatDuration(run.seconds),
    ...(run.imagesPerSecond === undefined || run.status !== 'running'
      ? []
      : [`${formatExact(Math.round(run.imagesPerSecond))} images/s`]),
    ...(run.waitingForData === undefined || run.status !== 'running'
      ? []
      : [`${formatPercent(run.waitingForData)} waiting for images`]),
    ...(run.peakMemory === 0 ? [] : [`${formatBytes(run.peakMemory)} memory`]),
  ].join(' · ');
}

export function describeLeft({ left, read, status }: RunSummary): string {
  if (read < 1) return `reading ${Math.floor(100 * read)} %`;
  if (status !== 'running') return status;
  return left === undefined ? 'running' : `${formatDuration(left)} left`;
}

export function describeBest({ best }: RunSummary): string {
  if (best === undefined) return '';
  const names: Record<string, string> = {
    'train/loss': 'lowest loss',
    'search/best': 'best candidate',
    'validation/accuracy': 'best test accuracy',
  };
  const { generation, step } = best;
  const where = generation === undefined ? `step ${formatExact(step)}` : `generation ${generation}`;
  return `${names[best.metric] ?? 'best'} ${formatValue(best.metric, best.value)} at ${where}`;
}
