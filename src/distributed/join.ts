import { type DistributedConfig, distributedSchema } from '../config/schema/distributed.js';
import { checkArguments, checkCallbacks } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { placeOf } from './environment.js';
import { Group } from './group.js';
import { SharedStore } from './store.js';
import { shareCores } from './threads.js';
import { withdrawOffer } from './tickets.js';

export interface JoinOptions extends Partial<DistributedConfig> {
  /** Whose variables say which rank this is. Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal | undefined;
  /** Told what a user may want to know, such as the number of threads that was chosen. */
  onNotice?: ((message: string) => void) | undefined;
}

/**
 * Joins the processes that torchrun, SLURM, MPI or a user has started together (docs/distributed.md). Without their variables
 * it is a group of one: nothing is opened, and everything works as without a group.
 *
 * @throws SinglePathError `INVALID_CONFIG` for half-set variables or a used SINGLEPATH_STORE, `RANK_LOST` where the store is not found.
 */
export async function joinGroup(options: JoinOptions = {}): Promise<Group> {
  checkArguments('joinGroup()', { options });
  const { env, signal, onNotice, ...settings } = options;
  checkCallbacks({ onNotice });
  const place = placeOf(env);
  if (place === undefined) return Group.alone();
  const { data: config, error } = distributedSchema.safeParse(settings);
  if (config === undefined) {
    const { path, message } = error.issues[0]!;
    throw new SinglePathError('INVALID_ARGUMENT', `joinGroup(), ${path.join('.') || 'options'}: ${message}`);
  }
  const notice = shareCores(place);
  if (notice !== undefined && place.rank === 0) onNotice?.(notice);
  const store = await SharedStore.open({
    place: place.store,
    worldSize: place.worldSize,
    connect: config.connectTimeout,
    timeout: config.timeout,
  });
  if (place.rank === 0) await withdrawOffer(store);
  return new Group(place, config, store, signal);
}
