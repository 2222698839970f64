import { SinglePathError } from '../core/errors.js';
import { datasetDefinition } from '../data/kinds/index.js';
import { valueAt } from './plain.js';
import { cropsPadded, cropsResized } from './schema/augment.js';
import { type Config, configSchema } from './schema/config.js';
import { limitsLatency } from './schema/search.js';
import { type ConfigSource, isMapping } from './sources.js';

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
    ignored: ({ search }) => !limitsLatency(search),
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

/** A setting that is stated and decides nothing. */
interface Finding {
  setting: string;
  /** Where it is stated. */
  place: string;
  by: string;
  /** The value of the setting that decides, in JSON. */
  deciding: string;
  /** Whether the source that states it states the other one, too, as every file that was written whole does. */
  together: boolean;
}

/**
 * Says which settings that are stated in `sources` decide nothing in the configuration they make, because of another one. Where
 * the other one comes from a later source, that was the intention and nothing is said: `--set search.algorithm=nsga2` on top of
 * a file for evolution. Nor is it of a default that is written beside the other one, as in a file of `config show`.
 */
export function ignoredSettings(sources: readonly ConfigSource[], config: Config): string[] {
  return findingsIn(sources, config).map(
    ({ place, setting, by, deciding }) => `${place}: ${setting} has no effect, as ${by} is ${deciding}`,
  );
}

/**
 * For what searches: whoever writes `objectives` and no algorithm expects a Pareto front, and would get one winner of evolution. A
 * file that names its algorithm beside them, as those of `config show` and of run directories do, gets a warning.
 *
 * @throws SinglePathError `INVALID_CONFIG` for settings of a search algorithm that is not the one that searches.
 */
export function checkAlgorithmSettings(sources: readonly ConfigSource[], config: Config): void {
  const foreign = findingsIn(sources, config).filter(({ by, together }) => by === ALGORITHM && !together);
  if (foreign.length === 0) return;
  const lines = foreign.map(
    ({ place, setting, by, deciding }) => `${place}: Expected no ${setting}, as ${by} is ${deciding}`,
  );
  throw new SinglePathError('INVALID_CONFIG', lines.join('\n'), {
    hint: 'leave it out, or choose the algorithm that it belongs to',
  });
}

function findingsIn(sources: readonly ConfigSource[], config: Config): Finding[] {
  return RULES.flatMap(({ setting, by, ignored }) => {
    const stated = statementOf(setting, by, sources);
    if (stated === undefined || !ignored(config)) return [];
    return [{ setting, by, deciding: JSON.stringify(valueAt(config, by.split('.'))), ...stated }];
  });
}

/** Where a setting is stated, so that the other one counts; undefined where that was intended, or it is not. */
function statementOf(
  setting: string,
  by: string,
  sources: readonly ConfigSource[],
): Pick<Finding, 'place' | 'together'> | undefined {
  const path = setting.split('.');
  const statedLast = (one: readonly string[]): number =>
    sources.findLastIndex(({ value }) => valueAt(value, one) !== undefined);
  const [own, decided] = [statedLast(path), statedLast(by.split('.'))];
  if (own < 0 || own < decided) return undefined;
  const source = sources[own]!;
  const together = own === decided;
  if (together && isDefault(valueAt(source.value, path), valueAt(DEFAULTS, path))) return undefined;
  return { place: source.locate(path, 'key') ?? 'the configuration', together };
}

const DEFAULTS = configSchema.parse({});

/** Whether a value changes nothing of the default; of a section, whether none of its settings does. */
function isDefault(stated: unknown, usual: unknown): boolean {
  if (isMapping(stated) && isMapping(usual))
    return Object.entries(stated).every(([key, value]) => isDefault(value, usual[key]));
  return JSON.stringify(stated) === JSON.stringify(usual);
}
