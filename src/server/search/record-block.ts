import { float32Norm } from '../../shared/record-check.js';
import type { Entry, WithVector } from '../../shared/sync/protocol.js';
import type { JsonValue } from '../../shared/types.js';

/** Of a record, beside its vector and texts: row number, norm, headers of strings and of the map's entry; measured. */
const ROW_BYTES = 200;
/** A character of metadata: itself, and what it takes once it is parsed. */
const METADATA_BYTES = 6;
const LEAST_ROWS = 64;

/** Records of one shard in memory, each id once; their order means nothing. */
export class RecordBlock {
  readonly ids: string[] = [];
  readonly metadata: (string | undefined)[] = [];
  readonly texts: (string | undefined)[] = [];
  /** Rows × dimension, and room for more. */
  vectors: Float32Array<ArrayBuffer>;
  /** Euclidean norms. */
  norms: Float64Array<ArrayBuffer>;
  readonly #parsed: (JsonValue | undefined)[] = [];
  readonly #rowOf = new Map<string, number>();
  #stringBytes = 0;

  constructor(readonly dimension: number) {
    this.vectors = new Float32Array(LEAST_ROWS * dimension);
    this.norms = new Float64Array(LEAST_ROWS);
  }

  get rows(): number {
    return this.ids.length;
  }

  /** What it takes, nearly. */
  get bytes(): number {
    return this.vectors.byteLength + this.norms.byteLength + this.rows * ROW_BYTES + this.#stringBytes;
  }

  vector(row: number): Float32Array<ArrayBuffer> {
    return this.vectors.subarray(row * this.dimension, (row + 1) * this.dimension);
  }

  /** Parsed once. */
  parsedMetadata(row: number): JsonValue | undefined {
    const json = this.metadata[row];
    if (json === undefined) return undefined;
    this.#parsed[row] ??= JSON.parse(json) as JsonValue;
    return this.#parsed[row];
  }

  /** Adds a record, or replaces the one with its id. */
  put({ id, vector, metadata, text }: WithVector<Pick<Entry, 'id' | 'metadata' | 'text'>>): void {
    let row = this.#rowOf.get(id);
    if (row === undefined) {
      row = this.rows;
      this.#reserve(row + 1);
      this.#rowOf.set(id, row);
    } else {
      this.#stringBytes -= this.#bytesOfStrings(row);
    }
    this.ids[row] = id;
    this.metadata[row] = metadata;
    this.texts[row] = text;
    this.#parsed[row] = undefined;
    this.vectors.set(vector!, row * this.dimension);
    this.norms[row] = float32Norm(vector!, 0, this.dimension);
    this.#stringBytes += this.#bytesOfStrings(row);
  }

  /** The last row takes the place of the one that goes. */
  remove(id: string): void {
    const row = this.#rowOf.get(id);
    if (row === undefined) return;
    this.#stringBytes -= this.#bytesOfStrings(row);
    this.#rowOf.delete(id);
    const last = this.rows - 1;
    if (row !== last) {
      this.#rowOf.set(this.ids[last]!, row);
      this.vectors.copyWithin(row * this.dimension, last * this.dimension, (last + 1) * this.dimension);
      this.norms[row] = this.norms[last]!;
      this.ids[row] = this.ids[last]!;
      this.metadata[row] = this.metadata[last];
      this.texts[row] = this.texts[last];
      this.#parsed[row] = this.#parsed[last];
    }
    this.ids.pop();
    this.metadata.pop();
    this.texts.pop();
    this.#parsed.length = last;
  }

  #bytesOfStrings(row: number): number {
    const { length: idLength } = this.ids[row]!;
    return (
      2 * idLength + METADATA_BYTES * (this.metadata[row]?.length ?? 0) + 2 * (this.texts[row]?.length ?? 0)
    );
  }

  #reserve(rows: number): void {
    if (rows <= this.norms.length) return;
    const room = Math.max(rows, Math.ceil(this.norms.length * 1.5));
    const vectors = new Float32Array(room * this.dimension);
    vectors.set(this.vectors);
    this.vectors = vectors;
    const norms = new Float64Array(room);
    norms.set(this.norms);
    this.norms = norms;
  }
}
