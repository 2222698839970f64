import { rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exportSchema } from '../config/schema/export.js';
import { checkArguments } from '../core/check.js';
import { expected, SinglePathError } from '../core/errors.js';
import { ioError, makeDirectory, syncDirectory, writeDurably } from '../core/files.js';
import { encodeSafetensors } from '../run/safetensors.js';
import { addon } from '../runtime/addon.js';
import { callNative } from '../runtime/call.js';
import type { NativeBatch, TensorEntry } from '../runtime/native.js';
import { deriveSubnet } from '../space/subnet.js';
import type { Architecture, SearchSpace } from '../space/types.js';
import {
  ARCHITECTURE_FILE,
  type DataDescription,
  describeArchitecture,
  type InputDescription,
  onnxMetadata,
  sha256Of,
} from './architectureFile.js';
import { EXAMPLES, examplesIn, writeExamples } from './examples.js';
import { inheritWeights } from './inherit.js';
import { encodeOnnx, type OnnxWeights } from './onnx.js';
import { loadOnnxRuntime, OnnxNetwork } from './onnxNetwork.js';
import { checkParity, type Parity } from './parity.js';
import { isQuantized } from './quantized.js';
import { Script } from './script.js';
import { describeScript } from './torchscript.js';

/** What is exported: a `Supernet`, of the search space or of the architecture's subnet. */
export interface ExportSource {
  readonly space: SearchSpace;
  state(): Promise<TensorEntry[]>;
  forward(batch: NativeBatch, architecture: Architecture): Promise<TensorEntry>;
}

export interface ExportOptions {
  /** The search space, and the architecture in it ([] where nothing is left to choose). */
  space: SearchSpace;
  architecture: Architecture;
  /**
   * The retrained subnet, or the supernet whose path was recalibrated. Quantized networks need `kernels: 'aten'`: the
   * fused kernels sum in another order, which moves features that lie between two levels.
   */
  network: ExportSource;
  /** Created where it is missing. */
  directory: string;
  /** Images on which the exported network must give the same logits. */
  parityBatch: NativeBatch;
  /** Largest difference of logits, relative to the largest logit. Default 1e-4. */
  tolerance?: number;
  /** Also write an ONNX file. Default: yes, with the defaults of {@link encodeOnnx}. */
  onnx?: { opset?: number | undefined; weights?: OnnxWeights | undefined } | false;
  /**
   * Also write a program in Python and one for Node that load the network. Those of an earlier export in the folder follow
   * the network in any case.
   */
  examples?: boolean;
  /** Told of programs in the folder that somebody has changed, and which stay as they are. */
  onNotice?: ((message: string) => void) | undefined;
  /** Statistics of the images, for the programs that read the files. */
  input?: InputDescription;
  /** Test images it can be evaluated on. */
  data?: DataDescription;
  /** Names of the classes, by number of the logit. */
  classNames?: readonly string[];
}

export interface ExportResult {
  directory: string;
  /** Paths of the files. */
  files: { script: string; onnx?: string; weights: string; architecture: string };
  parity: Parity;
  /** Of the ONNX file; undefined where there is none, or no onnxruntime to run it. */
  onnxParity?: Parity | undefined;
}

const FILES = {
  script: 'network.torchscript.pt',
  onnx: 'network.onnx',
  weights: 'weights.safetensors',
  architecture: ARCHITECTURE_FILE,
} as const;

/** Logits of quantized networks differ where a feature falls on the other level: so many images must agree. */
const QUANTIZED_AGREEMENT = 0.9;

/**
 * Writes a network for other programs: TorchScript, ONNX, weights under PyTorch's names, and what it is. The files are
 * loaded again and their logits compared before anything gets its name; the ONNX file where `onnxruntime-node` or
 * `onnxruntime-web` is installed.
 *
 * @throws SinglePathError `EXPORT_MISMATCH` (nothing is left behind), `IO`, `INVALID_CHECKPOINT`.
 */
export async function exportSubnet(options: ExportOptions): Promise<ExportResult> {
  checkArguments('exportSubnet()', { options });
  checkArguments('exportSubnet()', { space: options.space, architecture: options.architecture });
  checkArguments('exportSubnet()', { path: options.directory });
  const { space, architecture, network, directory, parityBatch, input, data, classNames } = options;
  const { tolerance = exportSchema.parse({}).tolerance, onnx = {}, examples = false, onNotice } = options;
  if (examples && onnx === false) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      'Expected an ONNX file for the example programs, which load it',
      {
        hint: 'leave out --example or --no-onnx',
      },
    );
  }
  const subnet = deriveSubnet(space, architecture);
  const weights = inheritWeights(space, architecture, await network.state());
  const path = pathIn(network.space, space, architecture);
  const script = await callNative(() => addon().serializeScript(describeScript(subnet, weights)));

  const created = await makeDirectory(directory);
  const written = FILE_NAMES.filter((file) => file !== 'onnx' || onnx !== false);
  const final = (file: FileName) => join(directory, FILES[file]);
  const temporary = (file: FileName) => `${final(file)}.tmp-${process.pid}`;
  try {
    await writeDurably(temporary('script'), [script]);
    const reference = await network.forward(parityBatch, path);
    using loaded = await Script.load(temporary('script'));
    const parity = checkParity(reference, await loaded.forward(parityBatch), { tolerance });
    const description = describeArchitecture(space, architecture, {
      input,
      data,
      classNames,
      parity,
      sha256: { [FILES.script]: sha256Of(script) },
    });
    let onnxParity: Parity | undefined;
    if (onnx !== false) {
      const bytes = encodeOnnx(subnet, weights, { ...onnx, metadata: onnxMetadata(description) });
      await writeDurably(temporary('onnx'), [bytes]);
      onnxParity = await onnxParityOf(temporary('onnx'), reference, parityBatch, {
        tolerance,
        agreement: isQuantized(subnet) ? QUANTIZED_AGREEMENT : undefined,
      });
      description.onnx = { parity: onnxParity ?? 'not checked' };
    }
    await writeDurably(temporary('weights'), encodeSafetensors(weights, { format: 'pt' }));
    await writeDurably(temporary('architecture'), [`${JSON.stringify(description, null, 2)}\n`]);
    const earlier = examplesIn(directory);
    for (const file of written) await rename(temporary(file), final(file));
    if (onnx === false) await rm(final('onnx'), { force: true }); // of an earlier export: another network
    const programs = examples ? EXAMPLES : earlier.unchanged;
    await writeExamples(directory, programs, onnx === false ? undefined : description);
    for (const name of examples ? [] : earlier.changed)
      onNotice?.(`'${join(directory, name)}' was changed and stays: it may not fit this network`);
    await syncDirectory(directory);
    const files = Object.fromEntries(written.map((file) => [file, final(file)])) as ExportResult['files'];
    return { directory, files, parity, onnxParity };
  } catch (error) {
    for (const file of written) await rm(temporary(file), { force: true }).catch(() => {});
    if (created) await rmdir(directory).catch(() => {}); // only where it is empty
    throw error instanceof Error && 'syscall' in error ? ioError('write', directory, error) : error;
  }
}

/** How far the logits of an ONNX file are from the reference; undefined where nothing here runs such files. */
async function onnxParityOf(
  file: string,
  reference: TensorEntry,
  batch: NativeBatch,
  limits: { tolerance: number; agreement: number | undefined },
): Promise<Parity | undefined> {
  if ((await loadOnnxRuntime()) === undefined) return undefined;
  using network = await OnnxNetwork.load(file);
  const hint = 'that is the ONNX file: --no-onnx leaves it out, export.tolerance says how far it may be off';
  return checkParity(reference, await network.forward(batch), { ...limits, hint });
}

type FileName = keyof typeof FILES;
const FILE_NAMES = Object.keys(FILES) as FileName[];

/** The architecture as the network that is exported counts it: itself in a supernet, nothing in a subnet. */
function pathIn(network: SearchSpace, space: SearchSpace, architecture: Architecture): Architecture {
  const open = network.genes.length;
  if (open === 0) return [];
  if (open === space.genes.length) return architecture;
  throw expected(`a network with ${space.genes.length} genes or none`, 'network', open);
}
