import type { Metric } from '../../shared/types.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import { Queue } from '../slices.js';
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
    const { vectors, norms } = rows;
    const model = scanGraph(metric, dimension, norms.length, perRowTerm(metric, norms));
    const data = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    const session = await createSession(model, [{ path: ROWS_PATH, data }]);
    return new OrtBlock(
      session,
      norms.length,
      vectors.byteLength + norms.byteLength,
      dimension,
      metric,
      {},
      true,
    );
  }

  async pass(rows: Rows, dimension: number, metric: Metric): Promise<RowBlock> {
    const { vectors, norms } = rows;
    const key = `${metric}/${dimension}`;
    let session = this.#passing.get(key);
    if (session === undefined) {
      session = createSession(scanGraph(metric, dimension, 'n', 'fed'));
      this.#passing.set(key, session);
    }
    const fed: Record<string, OrtTensor> = { rows: floatTensor(vectors, [norms.length, dimension]) };
    if (metric !== 'dot') fed.perRow = floatTensor(perRowTerm(metric, norms), [1, norms.length]);
    return new OrtBlock(await session, norms.length, 0, dimension, metric, fed, false);
  }
}

/** Runs of one session must not overlap. */
const queues = new WeakMap<OrtSession, Queue>();

const NOTHING_EXCLUDED = Float32Array.of(0);

class OrtBlock implements RowBlock {
  readonly backend = 'wasm';
  /** Masks of the bitmaps seen so far; bitmaps are immutable. */
  readonly #masks = new WeakMap<Bitmap, Float32Array>();
  readonly #queue: Queue;

  constructor(
    private readonly session: OrtSession,
    readonly rows: number,
    readonly bytes: number,
    private readonly dimension: number,
    private readonly metric: Metric,
    private readonly fed: Record<string, OrtTensor>,
    private readonly ownsSession: boolean,
  ) {
    this.#queue = queues.get(session) ?? new Queue();
    queues.set(session, this.#queue);
  }

  async search(queries: QueryVectors, k: number, excluded: Bitmap | undefined): Promise<BestRows> {
    const width = Math.min(k, this.rows);
    const mask = excluded === undefined ? NOTHING_EXCLUDED : this.#maskOf(excluded);
    const feeds: Record<string, OrtTensor> = {
      ...this.fed,
      query: floatTensor(queries.vectors, [queries.count, this.dimension]),
      mask: floatTensor(mask, [1, mask.length]),
      k: int64Tensor([width], [1]),
    };
    if (this.metric === 'l2') feeds.candidates = int64Tensor([candidateCount(width, this.rows)], [1]);
    const output = await this.#queue.run(() => this.session.run(feeds));
    const rows = output.found!.data as Int32Array<ArrayBuffer>;
    const similarities = output.similarities!.data as Float32Array<ArrayBuffer>;
    if (excluded !== undefined) {
      for (let i = 0; i < rows.length; i++) if (similarities[i] === Number.NEGATIVE_INFINITY) rows[i] = -1;
    }
    return { k: width, rows, similarities };
  }

  async release(): Promise<void> {
    if (this.ownsSession) await this.#queue.run(() => this.session.release());
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
