import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { checkArguments } from '../core/check.js';
import { SinglePathError } from '../core/errors.js';
import { makeDirectory, removeHalfWritten, writeFileAtomically } from '../core/files.js';
import { DirectoryLock, lockOwner } from '../core/lock.js';
import { spaceHash } from '../space/hash.js';
import { type Checkpoint, Checkpoints } from './checkpoints.js';
import { holdsClaimed, type RunClaim } from './claim.js';
import type { RunEnvironment } from './environment.js';
import { EVENTS_FILE, EventLog, type RunEvent, type RunEventType } from './events.js';
import { CONFIG_FILE, HEADER_FORMAT, LOCK_FILE, RESULT_FILE, type RunHeader, writeHeader } from './header.js';
import { placesOf, renewSources } from './sources.js';
import { SummaryWriter } from './tensorboard.js';

export interface RunOptions extends RunClaim {
  /**
   * Looks at the state of the newest checkpoint of a run that goes on, before its directory changes; what it throws refuses
   * to go on.
   */
  checkResumed?: ((state: unknown) => void) | undefined;
  /** Paths of what the run builds on, such as the supernet of a search. */
  sources?: Readonly<Record<string, string>>;
  /** Versions to note, such as torch's. */
  versions?: Record<string, string>;
  /** Noted when a process begins to work on the run. */
  environment?: RunEnvironment | undefined;
  /** Newest checkpoints kept. Default 3. */
  keep?: number;
}

/** Events of a beginning, which say where it computes, and those that say how much memory it took. */
const BEGINNINGS: readonly RunEventType[] = ['started', 'resumed'];
const WITH_MEMORY: readonly RunEventType[] = ['checkpoint', 'generation', 'finished', 'failed'];

/**
 * The folder a long work writes: `run.json`, `config.yaml`, `events.jsonl`, `tensorboard/`, `checkpoints/`,
 * `result.json`. One process at a time; dispose it to let go.
 */
export class RunDirectory implements Disposable {
  readonly checkpoints: Checkpoints;
  readonly summaries: SummaryWriter;
  readonly #events: EventLog;
  readonly #environment: RunEnvironment | undefined;
  /** What was read before the run began: its newest checkpoint, and the errors of those skipped. */
  #found: { newest: Checkpoint | undefined; skipped: SinglePathError[] } | undefined;

  private constructor(
    readonly path: string,
    /** True where an earlier run is continued. */
    readonly resumed: boolean,
    options: RunOptions,
    private readonly lock: DirectoryLock,
  ) {
    checkArguments('RunDirectory', { path, options });
    const network = { spaceHash: spaceHash(options.space), spaceName: options.space.name };
    const versions = { node: process.versions.node, ...options.versions };
    this.checkpoints = new Checkpoints(join(path, 'checkpoints'), network, versions, options.keep ?? 3);
    this.#events = new EventLog(join(path, EVENTS_FILE));
    this.#environment = options.environment;
    this.summaries = new SummaryWriter(join(path, 'tensorboard'));
  }

  /**
   * Creates a run directory, or opens it again to resume.
   *
   * @throws SinglePathError `INVALID_CONFIG` when it belongs to another run, `IO` when it is in use by another process or
   * cannot be written.
   */
  static async open(path: string, options: RunOptions): Promise<RunDirectory> {
    checkArguments('RunDirectory.open()', { path, options });
    checkArguments('RunDirectory.open()', { space: options.space });
    const created = await makeDirectory(path);
    const lock = await acquire(path, created);
    let held: Disposable = lock;
    try {
      const identity: unknown = JSON.parse(JSON.stringify(options.identity ?? options.config ?? null));
      const resumed = holdsClaimed(path, identity, options);
      if (!resumed) {
        const header: RunHeader = {
          format: HEADER_FORMAT,
          kind: options.kind,
          spaceName: options.space.name,
          spaceHash: spaceHash(options.space),
          identity,
          sources: placesOf(path, options.sources),
          created: new Date().toISOString(),
        };
        await writeConfig(path, options);
        // Last: a directory without it holds no run yet.
        await writeHeader(path, header);
      }
      const run = new RunDirectory(path, resumed, options, lock);
      held = run;
      await run.checkpoints.clean();
      if (resumed && options.checkResumed !== undefined) options.checkResumed(run.#readNewest()?.state);
      await removeHalfWritten(path);
      // What may change between stop and resume, such as the place of the images, is from now on as it is now.
      if (resumed) {
        await writeConfig(path, options);
        await renewSources(path, options.sources);
      } else run.summaries.text(0, 'config', `\`\`\`yaml\n${stringify(options.config)}\`\`\``);
      return run;
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * The checkpoint that a run goes on from, undefined where it begins. Damaged ones are skipped, which is noted.
   *
   * @throws SinglePathError `INVALID_CHECKPOINT` where all are damaged, `IO`.
   */
  restore<State>(): Checkpoint<State> | undefined {
    const note = (error: SinglePathError) => this.log({ type: 'skipped', step: 0, error: error.message });
    const found = this.#found;
    if (found === undefined) return this.checkpoints.newest(note);
    this.#found = undefined; // tensors may be large
    found.skipped.forEach(note);
    return found.newest as Checkpoint<State> | undefined;
  }

  #readNewest(): Checkpoint | undefined {
    const skipped: SinglePathError[] = [];
    const newest = this.checkpoints.newest((error) => skipped.push(error));
    this.#found = { newest, skipped };
    return newest;
  }

  /** Appends to `events.jsonl`. @throws SinglePathError `IO`, also where the directory is no longer this run's. */
  log(event: RunEvent): void {
    this.#checkOurs();
    const environment = BEGINNINGS.includes(event.type) && this.#environment;
    this.#events.append({
      ...event,
      ...(environment && { environment }),
      ...(WITH_MEMORY.includes(event.type) && { peakMemory: peakMemory() }),
    });
  }

  /**
   * Makes events and TensorBoard records durable.
   *
   * @throws SinglePathError `IO`, also where the directory is no longer this run's.
   */
  sync(): void {
    this.#checkOurs();
    this.#events.sync();
    this.summaries.sync();
  }

  /** Writes `result.json`: the same bytes for the same run, so no times in it. */
  async writeResult(result: unknown): Promise<void> {
    this.#checkOurs();
    await writeFileAtomically(join(this.path, RESULT_FILE), [`${JSON.stringify(result, null, 2)}\n`]);
  }

  /**
   * A directory that was deleted takes what is appended to its open files, and a checkpoint would make it anew without
   * its header: the work would seem to be saved.
   */
  #checkOurs(): void {
    if (this.lock.intact) return;
    throw new SinglePathError(
      'IO',
      `Expected the run directory '${this.path}' to be there but it was deleted, moved or taken over while its run went on`,
      { hint: 'where it still is, --resume goes on from its last checkpoint; else start again' },
    );
  }

  /** Closes the files and releases the lock. */
  dispose(): void {
    this.#events[Symbol.dispose]();
    this.summaries[Symbol.dispose]();
    this.lock[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Largest resident set of the process so far, in bytes. */
function peakMemory(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

/** Whether a process works on the run in a directory. */
export function isRunning(path: string): boolean {
  return lockOwner(join(path, LOCK_FILE)) !== undefined;
}

/** `config.yaml`, and before it what it refers to, so that it never names a file that is not there. */
async function writeConfig(path: string, { config, files = {} }: RunOptions): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await makeDirectory(dirname(join(path, name)));
    await writeFileAtomically(join(path, name), [content]);
  }
  await writeFileAtomically(join(path, CONFIG_FILE), [stringify(config)]);
}

/** The lock of a run directory; where even that cannot be written, a new folder is taken back. */
async function acquire(path: string, created: boolean): Promise<DirectoryLock> {
  try {
    return DirectoryLock.acquire(join(path, LOCK_FILE), 'run directory');
  } catch (error) {
    if (created) await rmdir(path).catch(() => {});
    throw error;
  }
}
