import type { Backend, Metric } from '../../shared/types.js';
import type { Bitmap } from '../bitmap.js';

// The contract of compute kernels. Implementations: plain JS and ONNX Runtime; one suite: kernels.contract.ts.
//
// Every implementation guarantees:
// - `search` scores every row that is not excluded, at full precision, and returns the best k of them, best
//   first; which of several equal ones make the cut is open.
// - similarity: cosine: the cosine; dot: the dot product; l2: minus the Euclidean distance. Greater is closer.
// - Two implementations agree within 1e-5 × max(1, |row| × |query|) (cosine, dot), and for l2 within
//   1e-3 × (|row| + |query|) near zero distance, 1e-5 × (|row| + |query|) elsewhere.
// - Searches of one block may overlap; they are queued where the engine needs it.

/** n rows to score, all of one dimension. */
export interface Rows {
  /** n × dimension, row-major. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** n Euclidean norms. */
  readonly norms: Float32Array<ArrayBuffer>;
}

/** b queries. */
export interface QueryVectors {
  /** b × dimension, row-major; unit length under cosine. */
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly count: number;
}

/** The best rows of each query: row and similarity at [query × k + rank]; row −1 where fewer than k were left. */
export interface BestRows {
  readonly k: number;
  readonly rows: Int32Array<ArrayBuffer>;
  readonly similarities: Float32Array<ArrayBuffer>;
}

export interface RowBlock {
  readonly backend: Backend;
  readonly rows: number;
  /** Memory this block holds beside the rows it was made from. */
  readonly bytes: number;
  /** `excluded[row]` rows are not scored; bit `row` counts from the block's first row. */
  search(queries: QueryVectors, k: number, excluded: Bitmap | undefined): Promise<BestRows>;
  release(): Promise<void>;
}

export interface Kernels {
  readonly backend: Backend;
  /** Whether a block made by `hold` keeps using the arrays it was made from. */
  readonly holdsByReference: boolean;
  /** Makes rows ready to be searched many times. */
  hold(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock>;
  /** A block over rows that change often: no set-up, more work in each search. */
  pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock>;
}
