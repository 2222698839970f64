/** Element types of ONNX tensors, by their published numbers. */
export const ONNX_TYPES = { float: 1, uint8: 2, int8: 3, int64: 7, uint4: 21, int4: 22 } as const;
export type OnnxType = keyof typeof ONNX_TYPES;

/** A constant of the graph. */
export interface OnnxTensor {
  name: string;
  dims: readonly number[];
  type: OnnxType;
  /** Little-endian; two 4-bit elements a byte, the first in the low half. */
  bytes: Uint8Array;
}

/** `integers` hold one integer or a list, as the operator asks; `floats` hold single numbers. */
export interface OnnxAttributes {
  integers?: Record<string, number | readonly number[]>;
  floats?: Record<string, number>;
}

export interface OnnxNode {
  opType: string;
  /** Names of values; the node itself is named like its output. */
  inputs: string[];
  output: string;
  attributes: OnnxAttributes;
}

/** A parameter of the network in its final shape. */
export interface OnnxParameter {
  shape: readonly number[];
  data: Float32Array;
}

/** The nodes and constants of an ONNX graph, in the making. Plain data: `src/export/onnx.ts` writes the file. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  /** By the names that were asked for. */
  readonly #constants = new Map<string, OnnxTensor>();
  readonly #names: Set<string>;

  /**
   * @param output what {@link end} calls the result: nothing else may have this name.
   * @param packed whether quantized weights are stored as integers of 4 or 8 bits (opset 21).
   */
  constructor(
    readonly input: string,
    readonly output: string,
    readonly packed: boolean,
  ) {
    this.#names = new Set([input, output]);
  }

  get constants(): Iterable<OnnxTensor> {
    return this.#constants.values();
  }

  /** Adds a node whose output is called `name`, or `name_2`, … where that is taken; returns the output's name. */
  node(opType: string, inputs: string[], name: string, attributes: OnnxAttributes = {}): string {
    const output = this.#free(name);
    this.nodes.push({ opType, inputs, output, attributes });
    return output;
  }

  /** A constant of float32 numbers. The same name is the same constant. */
  floats(name: string, dims: readonly number[], values: ArrayLike<number>): string {
    const data = values instanceof Float32Array ? values : Float32Array.from(values);
    return this.#constant(name, dims, 'float', bytesOf(data));
  }

  /** A float32 number without dimensions. */
  number(value: number): string {
    return this.floats(`float_${value}`, [], [value]);
  }

  /** A list of int64. */
  integers(...values: number[]): string {
    const name = `int64_${values.join('_').replaceAll('-', 'm')}`;
    return this.#constant(name, [values.length], 'int64', bytesOf(BigInt64Array.from(values, BigInt)));
  }

  /** Integers of 4 bits, packed, or 8 bits. */
  levels(
    name: string,
    dims: readonly number[],
    type: 'int4' | 'uint4' | 'int8' | 'uint8',
    values: Int32Array,
  ): string {
    const bytes = type.endsWith('4') ? packHalfBytes(values) : Uint8Array.from(values);
    return this.#constant(name, dims, type, bytes);
  }

  /** Makes a value the output. */
  end(value: string): void {
    const named = (name: string): string => (name === value ? this.output : name);
    for (const node of this.nodes) {
      node.output = named(node.output);
      node.inputs = node.inputs.map(named);
    }
  }

  #constant(name: string, dims: readonly number[], type: OnnxType, bytes: Uint8Array): string {
    const known = this.#constants.get(name);
    if (known !== undefined) return known.name;
    const free = this.#free(name); // a layer may be called `float_0`
    this.#constants.set(name, { name: free, dims, type, bytes });
    return free;
  }

  /** A name that no other value has: this one, or with a number behind it. */
  #free(name: string): string {
    let free = name;
    for (let i = 2; this.#names.has(free); i++) free = `${name}_${i}`;
    this.#names.add(free);
    return free;
  }
}

function packHalfBytes(values: Int32Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  values.forEach((value, i) => {
    bytes[i >> 1]! |= (value & 15) << (4 * (i & 1));
  });
  return bytes;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
