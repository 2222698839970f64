import type { TensorEntry } from '../runtime/native.js';

interface Header {
  state: unknown;
  tensors: { name: string; shape: number[]; values: number }[];
}

/** Plain data and tensors as bytes: the length of the header, the header as JSON, the values of the tensors. */
export function packState(state: unknown, tensors: readonly TensorEntry[]): Uint8Array {
  const header: Header = {
    state,
    tensors: tensors.map(({ name, shape, data }) => ({ name, shape, values: data.length })),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const values = tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return Buffer.concat([length, json, ...values]);
}

/** What {@link packState} was given. */
export function unpackState<State>(bytes: Uint8Array): { state: State; tensors: TensorEntry[] } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = 8 + Number(buffer.readBigUInt64LE());
  const header = JSON.parse(buffer.toString('utf8', 8, place)) as Header;
  const tensors = header.tensors.map(({ name, shape, values }) => {
    // Copied: a Float32Array begins at a multiple of four bytes.
    const data = new Float32Array(bytes.slice(place, place + 4 * values).buffer);
    place += 4 * values;
    return { name, shape, data };
  });
  return { state: header.state as State, tensors };
}
