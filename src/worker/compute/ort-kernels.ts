import type { Metric } from '../../shared/types.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import { centred, movedBy } from './centre.js';
import type { BestRows, Kernels, QueryVectors, RowBlock, Rows } from './kernels.js';
import { createSession, floatTensor, int64Tensor, type OrtSession, type OrtTensor } from './ort.js';
import { candidateCount, perRowTerm, ROWS_PATH, scanGraph } from './scan-graph.js';

/** Kernels that run as ONNX Runtime graphs on its WASM backend. */
export class OrtKernels implements Kernels {
  readonly backend = 'wasm';
  readonly holdsByReference = false;
  /** One session per metric and dimension serves all rows that are fed. */
  readonly #passing = new Map<string, Promise<OrtSession>>();

  async hold(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock> {
    const { rows: own, centre } = prepared(rows, dimension, metric);
    const { vectors, norms } = own;
    const model = scanGraph(metric, dimension, norms.length, perRowTerm(metric, norms));
    const data = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    const session = await createSession(model, [{ path: ROWS_PATH, data }]);
    const bytes = vectors.byteLength + norms.byteLength;
    return new OrtBlock({
      session,
      isOwn: true,
      rows: norms.length,
      bytes,
      dimension,
      metric,
      centre,
      fed: {},
    });
  }

  async pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock> {
    const { rows: own, centre } = prepared(rows, dimension, metric);
    const { vectors, norms } = own;
    const fed: Record<string, OrtTensor> = { rows: floatTensor(vectors, [norms.length, dimension]) };
    if (metric !== 'dot') fed.perRow = floatTensor(perRowTerm(metric, norms), [1, norms.length]);
    const session = await this.#passingSession(dimension, metric);
    return new OrtBlock({
      session,
      isOwn: false,
      rows: norms.length,
      bytes: 0,
      dimension,
      metric,
      centre,
      fed,
    });
  }

  #passingSession(dimension: number, metric: Metric): Promise<OrtSession> {
    const key = `${metric}/${dimension}`;
    let session = this.#passing.get(key);
    if (session === undefined) {
      session = createSession(scanGraph(metric, dimension, 'n', 'fed'));
      session.catch(() => this.#passing.delete(key));
      this.#passing.set(key, session);
    }
    return session;
  }
}

/** Under l2 the graph computes relative to the rows' centre. */
function prepared(rows: Rows, dimension: number, metric: Metric) {
  return metric === 'l2' ? centred(rows, dimension) : { rows, centre: undefined };
}

interface BlockParts {
  readonly session: OrtSession;
  readonly isOwn: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly dimension: number;
  readonly metric: Metric;
  readonly centre: Float32Array<ArrayBuffer> | undefined;
  /** Inputs that are the same on every run. */
  readonly fed: Readonly<Record<string, OrtTensor>>;
}

const NOTHING_EXCLUDED = Float32Array.of(0);

class OrtBlock implements RowBlock {
  readonly backend = 'wasm';
  readonly rows: number;
  readonly bytes: number;
  /** Masks of the bitmaps seen so far; bitmaps are immutable. */
  readonly #masks = new WeakMap<Bitmap, Float32Array>();

  constructor(private readonly parts: BlockParts) {
    this.rows = parts.rows;
    this.bytes = parts.bytes;
  }

  async search(queries: QueryVectors, k: number, excluded: Bitmap | undefined): Promise<BestRows> {
    const { session, dimension, metric, centre, fed } = this.parts;
    const width = Math.min(k, this.rows);
    const mask = excluded === undefined ? NOTHING_EXCLUDED : this.#maskOf(excluded);
    const vectors = centre === undefined ? queries.vectors : movedBy(queries.vectors, centre);
    const feeds: Record<string, OrtTensor> = {
      ...fed,
      query: floatTensor(vectors, [queries.count, dimension]),
      mask: floatTensor(mask, [1, mask.length]),
      k: int64Tensor([width], [1]),
    };
    if (metric === 'l2') feeds.candidates = int64Tensor([candidateCount(width, this.rows)], [1]);
    const output = await session.run(feeds);
    const rows = output.found!.data as Int32Array<ArrayBuffer>;
    const similarities = output.similarities!.data as Float32Array<ArrayBuffer>;
    if (excluded !== undefined) {
      for (let i = 0; i < rows.length; i++) if (similarities[i] === Number.NEGATIVE_INFINITY) rows[i] = -1;
    }
    return { k: width, rows, similarities };
  }

  async release(): Promise<void> {
    if (this.parts.isOwn) await this.parts.session.release();
  }

  #maskOf(excluded: Bitmap): Float32Array {
    let mask = this.#masks.get(excluded);
    if (mask === undefined) {
      mask = new Float32Array(this.rows);
      for (let row = 0; row < this.rows; row++)
        if (hasBit(excluded, row)) mask[row] = Number.NEGATIVE_INFINITY;
      this.#masks.set(excluded, mask);
    }
    return mask;
  }
}
