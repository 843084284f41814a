import type { Backend, Metric } from '../../shared/types.js';
import type { Bitmap } from '../bitmap.js';

// The contract of compute kernels. Implementations: plain JS, WASM SIMD, ONNX Runtime; one suite: kernels.contract.ts.
//
// Every implementation guarantees:
// - `search` scores at full precision (but see `Scope.rounded`) and returns the best k rows of the scope, best first; which of several equal
//   ones make the cut is open. Without `probes` the answer is exact: no row of the scope that is not returned is
//   better than one that is (up to the tolerances below), whatever shortcuts found it.
// - similarity: cosine: the cosine; dot: the dot product; l2: minus the Euclidean distance. Greater is closer.
// - Two implementations agree within 1e-5 × max(1, |row| × |query|) (cosine, dot), and for l2 within
//   1e-3 × (|row| + |query|) near zero distance, 1e-5 × (|row| + |query|) elsewhere.
// - Searches of one block may overlap; they are queued where the engine needs it.

export type KernelName = 'js' | 'simd' | 'onnx';

/** n rows to score, all of one dimension. */
export interface Rows {
  /** n × dimension, row-major. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** n Euclidean norms. */
  readonly norms: Float32Array<ArrayBuffer>;
}

/** Consecutive rows of a block; pages come in order, each but the last a multiple of 8 rows. */
export interface RowPage extends Rows {
  /** The block's row that the page begins with. */
  readonly start: number;
}

/**
 * Inverted lists over rows that are stored in the order of their lists. A list's score for a query is q·c under
 * cosine and dot and 2q·c − |c|² under l2, with c its centroid.
 */
export interface InvertedLists {
  /** lists × dimension. */
  readonly centroids: Float32Array<ArrayBuffer>;
  /** lists + 1, ascending from 0 to the number of rows: rows [starts[i], starts[i + 1]) are list i. None is empty. */
  readonly starts: Uint32Array<ArrayBuffer>;
}

/** How the rows of a block are held: float32, or integers that stand for their numbers relative to one another. */
export type Precision = 'float32' | 'int16' | 'int8';

/** Rows are held as integers; those that may be the best are read at full precision. */
export interface Compact {
  readonly precision: Exclude<Precision, 'float32'>;
  /** Reads rows, which come ascending and once each, in that order. */
  readRows(rows: Uint32Array<ArrayBuffer>): Promise<Rows>;
}

export interface BlockShape {
  readonly rows: number;
  readonly dimension: number;
  readonly metric: Metric;
  /** Absent: only exact searches. */
  readonly lists?: InvertedLists | undefined;
  /** Absent: float32. Only for kernels that say what it takes, see `bytesToHold`. */
  readonly compact?: Compact | undefined;
}

/** What the memory of a block depends on. */
export interface HeldSize extends Pick<BlockShape, 'rows' | 'dimension' | 'metric'> {
  readonly lists: number;
}

/** b queries. */
export interface QueryVectors {
  /** b × dimension, row-major; unit length under cosine. */
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly count: number;
}

/** What of a block a search looks at; `{}`: every row. */
export interface Scope {
  /** Rows to leave out, by bit. Kernels remember what they make of one, so it must never change. */
  readonly excluded?: Bitmap | undefined;
  /** These rows alone, ascending; together with neither of the others. */
  readonly rows?: Uint32Array<ArrayBuffer> | undefined;
  /** Only the `probes` lists that score best for each query, from 1; a block without lists ignores it. */
  readonly probes?: number | undefined;
  /**
   * Rows held as int16 may be scored by these alone: a similarity is off by at most half a 32,258th of the row's
   * greatest number (relative to a point among the rows) in each dimension, which for 384 of them comes to about 2e-6 of
   * the lengths' product.
   */
  readonly rounded?: boolean | undefined;
}

/** The best rows of each query: row and similarity at [query × k + rank]; row −1 where fewer than k were left. */
export interface BestRows {
  readonly k: number;
  readonly rows: Int32Array<ArrayBuffer>;
  readonly similarities: Float32Array<ArrayBuffer>;
  /** Rows of the scope that could have been returned, summed over the queries; rows left out do not count. */
  readonly scanned: number;
  /** The similarities are not at full precision. */
  readonly rounded?: boolean;
}

export interface RowBlock {
  readonly kernel: KernelName;
  readonly backend: Backend;
  readonly rows: number;
  /** Memory this block holds beside the pages it was made from. */
  readonly bytes: number;
  search(queries: QueryVectors, k: number, scope: Scope): Promise<BestRows>;
  release(): Promise<void>;
}

export interface Kernels {
  readonly name: KernelName;
  readonly backend: Backend;
  /** Whether a block made by `hold` keeps using the pages it was made from. */
  readonly holdsByReference: boolean;
  /** Memory that holding so many rows and lists takes, pages it would refer to included; undefined: it cannot. */
  bytesToHold(size: HeldSize, precision: Precision): number | undefined;
  /** Makes rows ready to be searched many times. A page is asked for when the one before it has been taken in. */
  hold(shape: BlockShape, pages: AsyncIterable<RowPage> | Iterable<RowPage>): Promise<RowBlock>;
  /** A block over rows that change often: no set-up, more work in each search. */
  pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock>;
}
