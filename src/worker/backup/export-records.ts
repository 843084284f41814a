import { StringColumnBuilder } from '../../shared/string-column.js';
import { hasBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import type { CollectionPages } from './collection-pages.js';
import { ColumnCursor } from './column-cursor.js';
import { packRecordsFrame } from './records-frame.js';

/** Of a frame, unless one record alone takes more. A page of every column and two such frames are in memory at once. */
const FRAME_BYTES = 4 << 20;

/** The live records as frames that lack their heads. */
export async function* exportRecords(pages: CollectionPages): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const { config, segments } = pages.row;
  const slice = new Slice();
  let batch = new RecordBatch(config.dimension);
  for (const segment of segments) {
    const columns = ['ids', 'metadata', 'texts', 'vectors'] as const;
    const cursors = columns.map((column) => new ColumnCursor(pages, segment, column));
    const [ids, metadata, texts, vectors] = cursors as [
      ColumnCursor,
      ColumnCursor,
      ColumnCursor,
      ColumnCursor,
    ];
    const dead = pages.deadIn(segment.id);
    for (let row = 0; row < segment.rows; ) {
      const ends = await Promise.all(cursors.map((cursor) => cursor.moveTo(row)));
      for (const end = Math.min(...ends); row < end; row++) {
        if (dead !== undefined && hasBit(dead, row)) continue;
        const strings = [ids.string(row), metadata.string(row), texts.string(row)] as const;
        if (!batch.hasRoomFor(strings)) {
          yield batch.finish();
          batch = new RecordBatch(config.dimension);
        }
        batch.push(strings, vectors.numbers(row, config.dimension));
        if ((row & 255) === 255 && slice.isOver()) await slice.next();
      }
    }
    for (const cursor of cursors) cursor.close();
  }
  if (batch.rows > 0) yield batch.finish();
}

/** An id, metadata and text as UTF-8. */
type Strings = readonly [Uint8Array, Uint8Array, Uint8Array];

class RecordBatch {
  rows = 0;
  #bytes = 0;
  readonly #vectors: Float32Array<ArrayBuffer>;
  readonly #strings: readonly [StringColumnBuilder, StringColumnBuilder, StringColumnBuilder];

  constructor(private readonly dimension: number) {
    const rows = Math.max(1, Math.floor(FRAME_BYTES / bytesOf(dimension, [])));
    this.#vectors = new Float32Array(rows * dimension);
    this.#strings = [
      new StringColumnBuilder(rows),
      new StringColumnBuilder(rows, 0),
      new StringColumnBuilder(rows, 0),
    ];
  }

  hasRoomFor(strings: Strings): boolean {
    if (this.rows === 0) return true;
    const isIn = (this.rows + 1) * this.dimension <= this.#vectors.length;
    return isIn && this.#bytes + bytesOf(this.dimension, strings) <= FRAME_BYTES;
  }

  push(strings: Strings, vector: Float32Array): void {
    this.#vectors.set(vector, this.rows * this.dimension);
    for (const [i, bytes] of strings.entries()) this.#strings[i]!.pushBytes(bytes);
    this.#bytes += bytesOf(this.dimension, strings);
    this.rows++;
  }

  finish(): Uint8Array<ArrayBuffer> {
    const [ids, metadata, texts] = this.#strings;
    const vectors = this.#vectors.subarray(0, this.rows * this.dimension);
    return packRecordsFrame({
      ids: ids.finish(),
      metadata: metadata.finish(),
      texts: texts.finish(),
      vectors,
    });
  }
}

/** What a record takes in a frame: three offsets, its vector, its strings. */
function bytesOf(dimension: number, strings: readonly Uint8Array[]): number {
  return strings.reduce((sum, { length }) => sum + length, 12 + 4 * dimension);
}
