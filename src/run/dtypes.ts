/*
 * Element types of safetensors files, as float32 numbers. PyTorch saves networks in half precision, and counts such as
 * `num_batches_tracked` as integers. float64 and large integers are rounded.
 */

interface DataType {
  bytes: number;
  read(view: DataView, offset: number): number;
}

const types: Record<string, DataType> = {
  F64: { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
  F32: { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
  F16: { bytes: 2, read: (view, offset) => halfToFloat(view.getUint16(offset, true)) },
  BF16: { bytes: 2, read: (view, offset) => bfloatToFloat(view.getUint16(offset, true)) },
  I64: { bytes: 8, read: (view, offset) => Number(view.getBigInt64(offset, true)) },
  I32: { bytes: 4, read: (view, offset) => view.getInt32(offset, true) },
  I16: { bytes: 2, read: (view, offset) => view.getInt16(offset, true) },
  I8: { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  U8: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  BOOL: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
};

export const DTYPES = Object.keys(types);

/** Bytes of an element; undefined for a type that is not read. */
export function elementBytes(dtype: unknown): number | undefined {
  return typeof dtype === 'string' && Object.hasOwn(types, dtype) ? types[dtype]!.bytes : undefined;
}

/** Little-endian elements of a known type as float32, in memory of its own. */
export function toFloat32(dtype: string, bytes: Uint8Array): Float32Array {
  const { bytes: size, read } = types[dtype]!;
  const values = new Float32Array(bytes.byteLength / size);
  if (dtype === 'F32') {
    // Float32 views need 4-byte alignment, which foreign files do not promise.
    new Uint8Array(values.buffer).set(bytes);
    return values;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < values.length; i++) values[i] = read(view, i * size);
  return values;
}

/** IEEE 754 binary16: sign, 5 bits of exponent, 10 of mantissa. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function bfloatToFloat(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
