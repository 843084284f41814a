import type { Metric } from '../../shared/types.js';
import type { Bitmap } from '../bitmap.js';
import type { BestRows, BlockShape, QueryVectors, RowPage, Scope } from './kernels.js';

type Floats = Float32Array<ArrayBuffer>;

/** What src/kernel/index.ts exports. Addresses are signed here: `>>> 0`. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  layOutBlock(rows: number, dimension: number, metric: number, listCount: number, hasCodes: boolean): number;
  layOutSearch(queryCount: number, k: number, probes: number): number;
  vectorsAt(): number;
  normsAt(): number;
  centroidsAt(): number;
  listStartsAt(): number;
  excludedRowsAt(): number;
  listedRowsAt(): number;
  queryVectorsAt(): number;
  resultRowsAt(): number;
  resultSimilaritiesAt(): number;
  beginCodes(rows: number): void;
  quantiseRows(from: number, to: number): void;
  countIncluded(): number;
  listIncluded(): void;
  search(queryCount: number, k: number, probes: number, scope: number, listed: number): number;
}

/** As in src/kernel/layout.ts. */
const METRICS: Record<Metric, number> = { cosine: 0, dot: 1, l2: 2 };
/** As in src/kernel/index.ts. */
const SCOPES = { all: 0, notExcluded: 1, listed: 2 };
const PAGE_BYTES = 65_536;
/** Of a query, for each row it wants: heaps, candidates, results. */
const SCRATCH_BYTES_PER_ROW = 56;
/** Where queries want many rows, fewer are scored together. */
const MOST_SCRATCH_BYTES = 16 << 20;
/** Queries that share the reading of rows; more would hold the thread for longer and hardly gain. */
const MOST_TOGETHER = 8;
/** What a 32-bit address reaches, less room for the scratch space of a search. */
const MOST_BYTES = 2 ** 32 - (64 << 20);
/** Room for a search that is made at once: growing may mean copying all, where an engine cannot grow in place. */
const USUAL = { k: 100, probes: 256 };
/** Up to this share of rows that are left, they are listed; beyond, all are scored and the others passed over. */
const LISTED_SHARE = 3 / 4;

/** The kernel with a memory of its own, in which it has one block. */
export class SimdInstance {
  readonly #kernel: KernelExports;
  #rows = 0;
  #dimension = 0;
  #listCount = 0;
  /** What the memory holds as excluded and as listed rows. */
  #excluded: Bitmap | undefined;
  #included = 0;
  #listed: Bitmap | Uint32Array | undefined;

  constructor(module: WebAssembly.Module) {
    this.#kernel = new WebAssembly.Instance(module).exports as unknown as KernelExports;
  }

  get bytes(): number {
    return this.#kernel.memory.buffer.byteLength;
  }

  /** Makes room for a block. Whatever was there is lost. */
  layOut({ rows, dimension, metric, lists }: BlockShape, hasCodes: boolean): void {
    const listCount = lists === undefined ? 0 : lists.starts.length - 1;
    const bytes = this.#kernel.layOutBlock(rows, dimension, METRICS[metric], listCount, hasCodes);
    if (bytes > MOST_BYTES) {
      throw new RangeError(
        `A block of ${rows} rows takes ${bytes} bytes of WebAssembly memory, and ${MOST_BYTES} are the most it can have.`,
      );
    }
    this.#grow(
      this.#kernel.layOutSearch(MOST_TOGETHER, Math.min(USUAL.k, rows), Math.min(USUAL.probes, listCount)),
    );
    this.#rows = rows;
    this.#dimension = dimension;
    this.#listCount = listCount;
    this.#excluded = undefined;
    this.#listed = undefined;
    if (lists === undefined) return;
    this.#floats(this.#kernel.centroidsAt(), lists.centroids.length).set(lists.centroids);
    this.#integers(this.#kernel.listStartsAt(), lists.starts.length).set(lists.starts);
  }

  write({ start, vectors, norms }: RowPage): void {
    const at = this.#kernel.vectorsAt() >>> 0;
    this.#floats(at + 4 * start * this.#dimension, vectors.length).set(vectors);
    const normsAt = this.#kernel.normsAt() >>> 0;
    if (normsAt !== 0) this.#floats(normsAt + 4 * start, norms.length).set(norms);
  }

  /** Before codes of rows are made; the first `rows` of the block are there. */
  beginCodes(rows: number): void {
    this.#kernel.beginCodes(rows);
  }

  quantise(from: number, to: number): void {
    this.#kernel.quantiseRows(from, to);
  }

  /** The best k rows, at most as many as there are, of each query; written to `best` from query `first` on. */
  search(
    queries: QueryVectors,
    scope: Scope,
    first: number,
    best: Pick<BestRows, 'k' | 'rows' | 'similarities'>,
  ): number {
    const dimension = this.#dimension;
    const { count } = queries;
    const { k } = best;
    const probes = this.#listsToProbe(scope);
    this.#grow(this.#kernel.layOutSearch(count, k, probes));
    const place = this.#place(scope, probes);
    const at = this.#kernel.queryVectorsAt() >>> 0;
    const stride = (dimension + 7) & ~7;
    const padded = this.#floats(at, count * stride);
    for (let q = 0; q < count; q++) {
      padded.set(queries.vectors.subarray(q * dimension, (q + 1) * dimension), q * stride);
    }
    const scanned = this.#kernel.search(count, k, probes, place.kind, place.listed);
    const found = this.#integers(this.#kernel.resultRowsAt(), count * k);
    best.rows.set(found, first * k);
    best.similarities.set(this.#floats(this.#kernel.resultSimilaritiesAt(), count * k), first * k);
    return scanned;
  }

  /** How many queries to give to one `search`. */
  queriesTogether(k: number, scope: Scope): number {
    const each = SCRATCH_BYTES_PER_ROW * Math.max(k, this.#listsToProbe(scope));
    return Math.max(1, Math.min(MOST_TOGETHER, Math.floor(MOST_SCRATCH_BYTES / each)));
  }

  /** 0: all rows are looked at. */
  #listsToProbe({ probes }: Scope): number {
    return probes !== undefined && probes < this.#listCount ? probes : 0;
  }

  /** Puts the rows that a search looks at where the kernel finds them, unless they are there. */
  #place({ rows, excluded }: Scope, probes: number): { kind: number; listed: number } {
    if (rows !== undefined) {
      if (this.#listed !== rows) this.#integers(this.#kernel.listedRowsAt(), rows.length).set(rows);
      this.#listed = rows;
      return { kind: SCOPES.listed, listed: rows.length };
    }
    if (excluded === undefined) return { kind: SCOPES.all, listed: 0 };
    if (this.#excluded !== excluded) {
      const length = (this.#rows + 7) >>> 3;
      const at = this.#kernel.excludedRowsAt() >>> 0;
      new Uint8Array(this.#kernel.memory.buffer, at, length).set(excluded.subarray(0, length));
      this.#included = this.#kernel.countIncluded();
      this.#excluded = excluded;
    }
    if (probes > 0 || this.#included > this.#rows * LISTED_SHARE)
      return { kind: SCOPES.notExcluded, listed: 0 };
    if (this.#listed !== excluded) this.#kernel.listIncluded();
    this.#listed = excluded;
    return { kind: SCOPES.listed, listed: this.#included };
  }

  /** Views end when the memory grows: they are made anew each time. */
  #floats(at: number, length: number): Floats {
    return new Float32Array(this.#kernel.memory.buffer, at >>> 0, length);
  }

  #integers(at: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#kernel.memory.buffer, at >>> 0, length);
  }

  #grow(bytes: number): void {
    const { memory } = this.#kernel;
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) memory.grow(missing);
  }
}
