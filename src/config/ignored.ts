import { valueAt } from './plain.js';
import { cropsPadded, cropsResized } from './schema/augment.js';
import type { Config } from './schema/config.js';
import type { ConfigSource } from './sources.js';

/** A setting that another one puts out of force. */
interface Rule {
  setting: string;
  /** The setting that decides. */
  by: string;
  /** Whether it decides so. */
  ignored: (config: Config) => boolean;
}

const RULES: readonly Rule[] = [
  { setting: 'data.cropPadding', by: 'data.augment', ignored: ({ data }) => !cropsPadded(data.augment) },
  { setting: 'data.cropScale', by: 'data.augment', ignored: ({ data }) => !cropsResized(data.augment) },
  {
    setting: 'data.heldOut',
    by: 'data.heldOutPerClass',
    ignored: ({ data }) => data.heldOutPerClass !== null,
  },
  ...(['train', 'retrain'] as const).map((section) => ({
    setting: `${section}.steps`,
    by: `${section}.epochs`,
    ignored: (config: Config) => config[section].epochs !== null,
  })),
  { setting: 'train.flopsBins', by: 'train.sampler', ignored: ({ train }) => train.sampler !== 'flops-bins' },
  ...['search.mutations', 'search.crossovers'].map((setting) => ({
    setting,
    by: 'search.algorithm',
    ignored: ({ search }: Config) => search.algorithm !== 'evolution',
  })),
  {
    setting: 'search.mutationProbability',
    by: 'search.algorithm',
    ignored: ({ search }) => search.algorithm === 'random',
  },
  {
    setting: 'search.objectives',
    by: 'search.algorithm',
    ignored: ({ search }) => search.algorithm !== 'nsga2',
  },
  { setting: 'evaluate.naswotImages', by: 'search.score', ignored: ({ search }) => search.score !== 'model' },
  ...['runtime.graphs', 'runtime.folded'].map((setting) => ({
    setting,
    by: 'runtime.device',
    ignored: ({ runtime }: Config) => runtime.device === 'cpu',
  })),
  {
    setting: 'distributed.shards',
    by: 'distributed.reproducible',
    ignored: ({ distributed }) => !distributed.reproducible,
  },
  ...['export.opset', 'export.onnxWeights'].map((setting) => ({
    setting,
    by: 'export.onnx',
    ignored: (config: Config) => !config.export.onnx,
  })),
];

/**
 * Says which settings that are stated in `sources` decide nothing in the configuration they make, because of another one. Where
 * the other one comes from a later source, that was the intention and nothing is said: `--set search.algorithm=nsga2` on top of
 * a file for evolution.
 */
export function ignoredSettings(sources: readonly ConfigSource[], config: Config): string[] {
  const statedLast = (setting: string): number =>
    sources.findLastIndex(({ value }) => valueAt(value, setting.split('.')) !== undefined);
  return RULES.flatMap(({ setting, by, ignored }) => {
    const [own, decided] = [statedLast(setting), statedLast(by)];
    if (own < 0 || own < decided || !ignored(config)) return [];
    const where = sources[own]!.locate(setting.split('.'), 'key') ?? 'the configuration';
    return [
      `${where}: ${setting} has no effect, as ${by} is ${JSON.stringify(valueAt(config, by.split('.')))}`,
    ];
  });
}
