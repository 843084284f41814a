import type { Metric } from '../../shared/types.js';
import { centred, movedBy } from './centre.js';
import type { BestRows, QueryVectors, RowBlock, Rows, Scope } from './kernels.js';
import { floatTensor, int64Tensor, type OrtSession, type OrtTensor } from './ort.js';
import { bestOf, L2_MARGIN, nothingFound } from './ort-best.js';
import { Exclusions } from './ort-exclusion.js';
import { perRowTerm } from './scan-graph.js';

const NO_MASK = floatTensor(Float32Array.of(0), [1, 1]);

/** Rows that are fed to a common session on each search. */
export class FedRows implements RowBlock {
  readonly kernel = 'onnx';
  readonly backend = 'wasm';
  readonly rows: number;
  readonly bytes = 0;
  /** Relative to `#centre` under l2. */
  readonly #own: Rows;
  readonly #fed: Fed;
  readonly #centre: Float32Array<ArrayBuffer> | undefined;
  readonly #exclusions: Exclusions;

  constructor(
    private readonly session: OrtSession,
    rows: Rows,
    private readonly dimension: number,
    private readonly metric: Metric,
  ) {
    this.rows = rows.norms.length;
    this.#exclusions = new Exclusions(this.rows);
    const moved = metric === 'l2' ? centred(rows, dimension) : undefined;
    this.#own = moved?.rows ?? rows;
    this.#fed = fedOf(this.#own, dimension, metric);
    this.#centre = moved?.centre;
  }

  async search(queries: QueryVectors, k: number, { excluded, rows }: Scope): Promise<BestRows> {
    const width = Math.min(k, this.rows);
    if (rows !== undefined) {
      const best = await this.#scan(queries, width, this.#only(rows), rows.length, NO_MASK);
      const found = best.rows.map((place) => (place === -1 ? -1 : rows[place]!));
      return { ...best, rows: found };
    }
    const exclusion = this.#exclusions.of(excluded);
    if (exclusion === undefined) return this.#scan(queries, width, this.#fed, this.rows, NO_MASK);
    const mask = floatTensor(exclusion.mask.subarray(0, this.rows), [1, this.rows]);
    return this.#scan(queries, width, this.#fed, exclusion.live, mask);
  }

  async release(): Promise<void> {}

  async #scan(queries: QueryVectors, k: number, fed: Fed, live: number, mask: OrtTensor): Promise<BestRows> {
    if (live === 0) return nothingFound(k, queries.count);
    const found = Math.min(k, live);
    const own = this.#centre === undefined ? queries.vectors : movedBy(queries.vectors, this.#centre);
    const feeds: Record<string, OrtTensor> = {
      ...fed,
      query: floatTensor(own, [queries.count, this.dimension]),
      mask,
      k: int64Tensor([found], [1]),
    };
    if (this.metric === 'l2') feeds.candidates = int64Tensor([Math.min(found + L2_MARGIN, live)], [1]);
    const output = await this.session.run(feeds);
    const answer = {
      k: found,
      rows: output.found!.data as Int32Array<ArrayBuffer>,
      similarities: output.similarities!.data as Float32Array<ArrayBuffer>,
      scanned: live * queries.count,
    };
    return bestOf([answer], k, queries.count, () => 0);
  }

  #only(rows: Uint32Array): Fed {
    const { dimension } = this;
    const vectors = new Float32Array(rows.length * dimension);
    for (const [i, row] of rows.entries()) {
      vectors.set(this.#own.vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension);
    }
    const norms = Float32Array.from(rows, (row) => this.#own.norms[row]!);
    return fedOf({ vectors, norms }, dimension, this.metric);
  }
}

/** Inputs that are the same on every run. */
type Fed = Readonly<Record<string, OrtTensor>>;

function fedOf({ vectors, norms }: Rows, dimension: number, metric: Metric): Fed {
  const rows = floatTensor(vectors, [norms.length, dimension]);
  if (metric === 'dot') return { rows };
  return { rows, perRow: floatTensor(perRowTerm(metric, norms), [1, norms.length]) };
}
