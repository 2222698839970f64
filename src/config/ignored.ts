import { SinglePathError } from '../core/errors.js';
import { datasetDefinition } from '../data/kinds/index.js';
import { valueAt } from './plain.js';
import { cropsPadded, cropsResized } from './schema/augment.js';
import { type Config, configSchema } from './schema/config.js';
import type { ConfigSource } from './sources.js';

/** A setting that another one puts out of force. */
interface Rule {
  setting: string;
  /** The setting that decides. */
  by: string;
  /** Whether it decides so. */
  ignored: (config: Config) => boolean;
}

const ALGORITHM = 'search.algorithm';

const ofFiles = ({ data }: Config): boolean => datasetDefinition(data.kind).imageFiles === true;
const trains = ({ search }: Config): boolean => search.calibrate > 0 || search.finalists > 0;

const RULES: readonly Rule[] = [
  { setting: 'data.path', by: 'data.kind', ignored: ({ data }) => data.kind === 'synthetic' },
  ...['upright', 'pixelLimit', 'broken', 'brokenShare', 'exactDecode', 'cache'].map((setting) => ({
    setting: `data.${setting}`,
    by: 'data.kind',
    ignored: (config: Config) => !ofFiles(config),
  })),
  {
    setting: 'data.brokenShare',
    by: 'data.broken',
    ignored: (config) => ofFiles(config) && config.data.broken === 'error',
  },
  {
    setting: 'data.testFraction',
    by: 'data.testPath',
    ignored: ({ data }) => data.testFraction > 0 && data.testPath !== null,
  },
  {
    setting: 'data.splitSeed',
    by: 'data.heldOut',
    ignored: ({ data }) => data.heldOut === 0 && data.heldOutPerClass === null,
  },
  { setting: 'data.cropPadding', by: 'data.augment', ignored: ({ data }) => !cropsPadded(data.augment) },
  { setting: 'data.cropScale', by: 'data.augment', ignored: ({ data }) => !cropsResized(data.augment) },
  {
    setting: 'data.colorJitter',
    by: 'data.augment',
    ignored: ({ data }) => data.augment === 'spos-imagenet' && data.colorJitter === 0,
  },
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
    by: ALGORITHM,
    ignored: ({ search }: Config) => search.algorithm !== 'evolution',
  })),
  {
    setting: 'search.mutationProbability',
    by: ALGORITHM,
    ignored: ({ search }) => search.algorithm === 'random',
  },
  {
    setting: 'search.mutationProbability',
    by: 'search.mutations',
    ignored: ({ search }) => search.algorithm === 'evolution' && search.mutations === 0,
  },
  { setting: 'search.trial', by: 'search.finalists', ignored: (config) => !trains(config) },
  {
    setting: 'search.trial.rungs',
    by: 'search.finalists',
    ignored: (config) => trains(config) && config.search.finalists === 0,
  },
  {
    setting: 'search.objectives',
    by: ALGORITHM,
    ignored: ({ search }) => search.algorithm !== 'nsga2',
  },
  { setting: 'evaluate.naswotImages', by: 'search.score', ignored: ({ search }) => search.score !== 'model' },
  ...['runtime.graphs', 'runtime.folded'].map((setting) => ({
    setting,
    by: 'runtime.device',
    ignored: ({ runtime }: Config) => runtime.device === 'cpu',
  })),
  ...['latency.paths', 'latency.maxPaths'].map((setting) => ({
    setting,
    by: 'latency.method',
    ignored: ({ latency }: Config) => latency.method === 'isolated',
  })),
  {
    setting: 'latency.finalists',
    by: 'search.constraints',
    ignored: ({ search }) => !search.constraints.some((text) => text.includes('latency[')),
  },
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
 * a file for evolution. Nor is it of a default that is written beside the other one, as in a file of `config show`.
 *
 * @throws SinglePathError `INVALID_CONFIG` for settings of a search algorithm that is not the one that searches: whoever writes
 *   objectives expects a Pareto front. The other settings may be for another machine, or the next run.
 */
export function ignoredSettings(sources: readonly ConfigSource[], config: Config): string[] {
  const findings = RULES.flatMap((rule) => {
    const place = placeOf(rule, sources);
    return place !== undefined && rule.ignored(config) ? [{ ...rule, place }] : [];
  });
  const deciding = (by: string): string => JSON.stringify(valueAt(config, by.split('.')));
  const foreign = findings.filter(({ by }) => by === ALGORITHM);
  if (foreign.length > 0) {
    const lines = foreign.map(
      ({ place, setting, by }) => `${place}: Expected no ${setting}, as ${by} is ${deciding(by)}`,
    );
    throw new SinglePathError('INVALID_CONFIG', lines.join('\n'), {
      hint: 'leave it out, or choose the algorithm that it belongs to',
    });
  }
  return findings.map(
    ({ place, setting, by }) => `${place}: ${setting} has no effect, as ${by} is ${deciding(by)}`,
  );
}

/** Where the setting of a rule is stated, so that the other one counts; undefined where that was intended, or it is not. */
function placeOf({ setting, by }: Rule, sources: readonly ConfigSource[]): string | undefined {
  const path = setting.split('.');
  const statedLast = (one: readonly string[]): number =>
    sources.findLastIndex(({ value }) => valueAt(value, one) !== undefined);
  const [own, decided] = [statedLast(path), statedLast(by.split('.'))];
  if (own < 0 || own < decided) return undefined;
  const source = sources[own]!;
  if (own === decided && isDefault(source.value, path)) return undefined;
  return source.locate(path, 'key') ?? 'the configuration';
}

function isDefault(stated: unknown, path: readonly string[]): boolean {
  const [own, usual] = [stated, configSchema.parse({})].map((config) =>
    JSON.stringify(valueAt(config, path)),
  );
  return own === usual;
}
