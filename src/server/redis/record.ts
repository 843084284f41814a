import type { Entry, Stamp, WithVector } from '../../shared/sync/protocol.js';

// What Redis keeps of an id, little-endian but for the stamp:
//   0      flags: 1 tombstone, 2 metadata, 4 text
//   1–16   stamp
// and of a record, not of a tombstone:
//   17–24  bytes of metadata and of text (uint32 each)
//   25–    metadata, text (UTF-8), vector (float32)

export const HEAD_BYTES = 17;
const TOMBSTONE = 1;
const METADATA = 2;
const TEXT = 4;
const LENGTHS_BYTES = 8;

/** The end of a stamp that names the device. */
const DEVICE_DIGITS = 16;

export const stampBytes = (stamp: Stamp): Buffer => Buffer.from(stamp, 'hex');
export const deviceBytes = (device: string): Buffer => Buffer.from(device.slice(-DEVICE_DIGITS), 'hex');

export function packRecord(entry: WithVector<Entry>): Buffer {
  const head = [TOMBSTONE, ...stampBytes(entry.stamp)];
  if (entry.vector === undefined) return Buffer.from(head);

  const { metadata, text, vector } = entry;
  const metadataBytes = Buffer.byteLength(metadata ?? '');
  const textBytes = Buffer.byteLength(text ?? '');
  const start = HEAD_BYTES + LENGTHS_BYTES;
  const bytes = Buffer.allocUnsafe(start + metadataBytes + textBytes + vector.byteLength);
  bytes.set(head);
  bytes[0] = (metadata === undefined ? 0 : METADATA) | (text === undefined ? 0 : TEXT);
  bytes.writeUInt32LE(metadataBytes, HEAD_BYTES);
  bytes.writeUInt32LE(textBytes, HEAD_BYTES + 4);
  bytes.write(metadata ?? '', start);
  bytes.write(text ?? '', start + metadataBytes);
  bytes.set(
    new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
    start + metadataBytes + textBytes,
  );
  return bytes;
}

export const isTombstone = (record: Buffer): boolean => (record[0]! & TOMBSTONE) !== 0;

/** `record` may be its head alone: then there is no metadata, text and vector. */
export function unpackRecord(id: string, record: Buffer): WithVector<Entry> {
  const stamp = record.toString('hex', 1, HEAD_BYTES);
  if (isTombstone(record)) return { kind: 'delete', id, stamp, vector: undefined };
  if (record.length === HEAD_BYTES) return { kind: 'upsert', id, stamp, vector: undefined };

  const start = HEAD_BYTES + LENGTHS_BYTES;
  const textStart = start + record.readUInt32LE(HEAD_BYTES);
  const vectorStart = textStart + record.readUInt32LE(HEAD_BYTES + 4);
  const vector = new Float32Array((record.length - vectorStart) / 4);
  new Uint8Array(vector.buffer).set(record.subarray(vectorStart));
  return {
    kind: 'upsert',
    id,
    stamp,
    ...(record[0]! & METADATA ? { metadata: record.toString('utf8', start, textStart) } : {}),
    ...(record[0]! & TEXT ? { text: record.toString('utf8', textStart, vectorStart) } : {}),
    vector,
  };
}
