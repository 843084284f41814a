import type { StringColumn } from '../../shared/string-column.js';
import { damagedBackup } from './backup-errors.js';
import { FRAME_HEAD_BYTES } from './backup-format.js';
import { emptyFrame } from './frame-writer.js';

// The payload of a records frame: the number of records n (uint32); n + 1 offsets (uint32) of the ids, of the metadata
// and of the texts, each from 0 within its own block; n × dimension float32; the three blocks of UTF-8, in the same
// order; zeros up to a multiple of 4. Metadata is JSON; an empty row of metadata or texts means none.

/** Records as they are in a file; each column is there, maybe with empty rows alone. */
export interface RecordColumns {
  readonly ids: StringColumn;
  readonly metadata: StringColumn;
  readonly texts: StringColumn;
  readonly vectors: Float32Array<ArrayBuffer>;
}

/** A frame that lacks its head. */
export function packRecordsFrame({ ids, metadata, texts, vectors }: RecordColumns): Uint8Array<ArrayBuffer> {
  const rows = ids.offsets.length - 1;
  const columns = [ids, metadata, texts];
  const bodies = columns.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const frame = emptyFrame(fixedBytes(rows, vectors.length) + bodies);
  const words = new Uint32Array(frame.buffer, FRAME_HEAD_BYTES);
  words[0] = rows;
  let word = 1;
  for (const { offsets } of columns) {
    words.set(offsets, word);
    word += rows + 1;
  }
  new Float32Array(frame.buffer).set(vectors, FRAME_HEAD_BYTES / 4 + word);
  let at = FRAME_HEAD_BYTES + 4 * (word + vectors.length);
  for (const { bytes } of columns) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/** The inverse; the columns are views of `payload`, which starts at a multiple of 4 in its buffer. Checks all lengths. */
export function unpackRecordsFrame(payload: Uint8Array<ArrayBuffer>, dimension: number): RecordColumns {
  const words = new Uint32Array(payload.buffer, payload.byteOffset, payload.length >>> 2);
  const rows = words[0] ?? 0;
  // In doubles: no number of a file overflows here.
  if (fixedBytes(rows, rows * dimension) > payload.length) {
    throw damagedBackup(`a frame of ${payload.length} bytes claims to hold ${rows} records`);
  }
  const offsets = [0, 1, 2].map((column) => {
    const start = 1 + column * (rows + 1);
    return words.subarray(start, start + rows + 1);
  });
  const vectorsAt = payload.byteOffset + 4 * (1 + 3 * (rows + 1));
  const vectors = new Float32Array(payload.buffer, vectorsAt, rows * dimension);
  let at = fixedBytes(rows, rows * dimension);
  const [ids, metadata, texts] = offsets.map((own): StringColumn => {
    for (let row = 0; row < rows; row++) {
      if (own[row]! > own[row + 1]!) throw damagedBackup('the offsets of a frame go back');
    }
    const start = at;
    at += own[rows]!;
    if (own[0] !== 0 || at > payload.length) throw damagedBackup('the offsets of a frame lead out of it');
    return { bytes: payload.subarray(start, at), offsets: own };
  });
  if (payload.length - at > 3) throw damagedBackup('a frame is longer than the records in it');
  return { ids: ids!, metadata: metadata!, texts: texts!, vectors };
}

function fixedBytes(rows: number, numbers: number): number {
  return 4 * (1 + 3 * (rows + 1) + numbers);
}
