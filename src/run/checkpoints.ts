import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SinglePathError } from '../core/errors.js';
import { ioError, makeDirectory, syncDirectory, writeDurably } from '../core/files.js';
import type { TensorEntry } from '../runtime/native.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

const FORMAT = 1;
const WEIGHTS = 'weights.safetensors';
const STATE = 'state.json';
const OTHER_SPACE = 'use the space, input size and classes it was trained with';
const STEP_NAME = /^step-(\d{7,})$/;

/** What `state.json` of a checkpoint holds. */
export interface CheckpointState<State = unknown> {
  format: number;
  step: number;
  /** {@link spaceHash} of the network the tensors belong to. */
  spaceHash: string;
  spaceName: string;
  /** Versions it was written with: singlepath, node, torch. */
  versions: Record<string, string>;
  /** Size and SHA-256 of `weights.safetensors`; null where a checkpoint has no tensors (search). */
  weights: { bytes: number; sha256: string } | null;
  /** What the loop needs beside the tensors. Random numbers are functions of the step, so no generator is saved. */
  state: State;
}

export interface Checkpoint<State = unknown> extends CheckpointState<State> {
  path: string;
  tensors: TensorEntry[];
}

/** The network a checkpoint belongs to. */
export interface NetworkIdentity {
  spaceHash: string;
  spaceName: string;
}

/**
 * `checkpoints/step-0000100/{weights.safetensors,state.json}` of a run. A checkpoint is written into a temporary
 * folder, fsync'ed and renamed: it is there as a whole or not at all, and the ones before it stay untouched until
 * it is there.
 */
export class Checkpoints {
  constructor(
    readonly path: string,
    readonly network: NetworkIdentity,
    readonly versions: Record<string, string>,
    /** So many newest checkpoints are kept. */
    readonly keep: number,
  ) {}

  /**
   * Saves a checkpoint and removes the oldest beyond {@link keep}.
   *
   * @param name folder name instead of `step-…`, for one that is never removed (`best`).
   * @throws SinglePathError `IO`; earlier checkpoints are intact then.
   */
  async save(
    step: number,
    state: unknown,
    tensors: readonly TensorEntry[] = [],
    name = stepName(step),
  ): Promise<Omit<Checkpoint, 'tensors'>> {
    const final = join(this.path, name);
    const temporary = join(this.path, `.tmp-${name}-${process.pid}`);
    await makeDirectory(this.path);
    try {
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary);
      const weights = tensors.length === 0 ? null : await writeWeights(join(temporary, WEIGHTS), tensors);
      const json: CheckpointState = {
        format: FORMAT,
        step,
        ...this.network,
        versions: this.versions,
        weights,
        state,
      };
      await writeDurably(join(temporary, STATE), [`${JSON.stringify(json, null, 2)}\n`]);
      await syncDirectory(temporary);
      await replaceDirectory(temporary, final);
      await syncDirectory(this.path);
      await this.#prune();
      return { ...json, path: final };
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => {});
      throw ioError('save the checkpoint', final, error);
    }
  }

  /** Steps that have a checkpoint folder, newest first. */
  steps(): number[] {
    if (!existsSync(this.path)) return [];
    const names = readdirSync(this.path).map((name) => STEP_NAME.exec(name)?.[1]);
    return names
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => b - a);
  }

  /**
   * The newest checkpoint that reads back whole. Those newer but broken are told to `onSkipped`, one error each.
   *
   * @returns undefined where there is no checkpoint at all.
   * @throws SinglePathError `INVALID_CHECKPOINT` when there are checkpoints but none is valid.
   */
  newest<State>(onSkipped: (error: SinglePathError) => void): Checkpoint<State> | undefined {
    let last: unknown;
    let foreign = false;
    for (const step of this.steps()) {
      const path = join(this.path, stepName(step));
      try {
        const header = readState<State>(join(path, STATE));
        foreign ||= header.spaceHash !== this.network.spaceHash;
        return readTensors(path, header, this.network);
      } catch (error) {
        if (!(error instanceof SinglePathError) || error.code !== 'INVALID_CHECKPOINT') throw error;
        onSkipped(error);
        last = error;
      }
    }
    if (last === undefined) return undefined;
    throw new SinglePathError(
      'INVALID_CHECKPOINT',
      `Expected a valid checkpoint in '${this.path}' but none is`,
      {
        hint: foreign ? OTHER_SPACE : 'start again in a new run directory',
        cause: last,
      },
    );
  }

  /** Removes what a killed process left half-written. */
  async clean(): Promise<void> {
    if (!existsSync(this.path)) return;
    for (const name of readdirSync(this.path)) {
      if (name.startsWith('.tmp-')) await rm(join(this.path, name), { recursive: true, force: true });
      // Killed between the two renames of replaceDirectory: the old one is still good.
      if (name.startsWith('.old-')) {
        const original = join(this.path, name.slice('.old-'.length));
        if (existsSync(original)) await rm(join(this.path, name), { recursive: true, force: true });
        else await rename(join(this.path, name), original);
      }
    }
  }

  async #prune(): Promise<void> {
    for (const step of this.steps().slice(this.keep)) {
      await rm(join(this.path, stepName(step)), { recursive: true, force: true });
    }
  }
}

/**
 * Reads and checks one checkpoint folder.
 *
 * @param network refuses a checkpoint of another network.
 * @throws SinglePathError `IO`, or `INVALID_CHECKPOINT` naming the file and what is wrong.
 */
export function readCheckpoint<State = unknown>(path: string, network?: NetworkIdentity): Checkpoint<State> {
  return readTensors(path, readState<State>(join(path, STATE)), network);
}

/** The tensors of a checkpoint whose state was read. @throws as above. */
function readTensors<State>(
  path: string,
  header: CheckpointState<State>,
  network: NetworkIdentity | undefined,
): Checkpoint<State> {
  if (network !== undefined && header.spaceHash !== network.spaceHash) {
    throw new SinglePathError(
      'INVALID_CHECKPOINT',
      `Expected a checkpoint of space '${network.spaceName}' (${network.spaceHash.slice(0, 12)}) in '${path}' ` +
        `but it belongs to '${header.spaceName}' (${header.spaceHash.slice(0, 12)})`,
      { hint: OTHER_SPACE },
    );
  }
  if (header.weights === null) return { ...header, path, tensors: [] };
  const file = join(path, WEIGHTS);
  const bytes = readPart(file);
  if (bytes.length !== header.weights.bytes) {
    throw invalid(file, `${header.weights.bytes} bytes`, `it has ${bytes.length}`);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== header.weights.sha256) {
    throw invalid(file, `the SHA-256 in ${STATE}`, 'its content differs');
  }
  return { ...header, path, tensors: decodeSafetensors(bytes, file).tensors };
}

function readState<State>(file: string): CheckpointState<State> {
  let json: CheckpointState<State>;
  try {
    json = JSON.parse(readPart(file).toString('utf8')) as CheckpointState<State>;
  } catch (error) {
    if (error instanceof SinglePathError) throw error;
    throw invalid(file, 'JSON', error instanceof Error ? error.message : String(error));
  }
  if (json?.format !== FORMAT) throw invalid(file, `checkpoint format ${FORMAT}`, `it is ${json?.format}`);
  if (!Number.isSafeInteger(json.step) || typeof json.spaceHash !== 'string' || json.weights === undefined) {
    throw invalid(file, 'step, spaceHash and weights', 'one is missing');
  }
  return json;
}

function readPart(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw invalid(file, 'a file', 'there is none');
    throw ioError('read', file, error);
  }
}

function invalid(file: string, what: string, butWhat: string): SinglePathError {
  return new SinglePathError('INVALID_CHECKPOINT', `Expected ${what} in '${file}' but ${butWhat}`, {
    hint: 'the checkpoint is damaged or no checkpoint: use an older one',
  });
}

/** Writes the tensors and digests them on the way to the disk. */
async function writeWeights(file: string, tensors: readonly TensorEntry[]) {
  const hash = createHash('sha256');
  let bytes = 0;
  function* digested() {
    for (const chunk of encodeSafetensors(tensors)) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  await writeDurably(file, digested());
  return { bytes, sha256: hash.digest('hex') };
}

/** Renames `from` to `to`; rename cannot replace a folder with content, so an old one is moved aside first. */
async function replaceDirectory(from: string, to: string): Promise<void> {
  if (!existsSync(to)) return rename(from, to);
  const aside = join(to, '..', `.old-${to.slice(to.lastIndexOf('/') + 1)}`);
  await rm(aside, { recursive: true, force: true });
  await rename(to, aside);
  await rename(from, to);
  await rm(aside, { recursive: true, force: true });
}

function stepName(step: number): string {
  return `step-${String(step).padStart(7, '0')}`;
}
