import { crc32c } from './crc32c.js';

/** TFRecord masks its checksums so that the CRC of data holding CRCs stays useful. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * One record of a TFRecord file: uint64 length, its masked CRC-32C, the data, the data's masked CRC-32C; all little
 * endian (https://www.tensorflow.org/tutorials/load_data/tfrecord).
 */
export function frameRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(8 + 4 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}
