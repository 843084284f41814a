import type { Metric } from '../../shared/types.js';
import type { Bitmap } from '../bitmap.js';
import type { BestRows, BlockShape, HeldSize, QueryVectors, RowPage, Scope } from './kernels.js';

type Floats = Float32Array<ArrayBuffer>;

/** What src/kernel/index.ts exports. Addresses are signed here: `>>> 0`. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  layOutBlock(rows: number, dimension: number, metric: number, listCount: number, form: number): number;
  layOutSearch(queryCount: number, k: number, probes: number, room: number): number;
  vectorsAt(): number;
  normsAt(): number;
  centroidsAt(): number;
  listStartsAt(): number;
  excludedRowsAt(): number;
  listedRowsAt(): number;
  queryVectorsAt(): number;
  resultRowsAt(): number;
  resultSimilaritiesAt(): number;
  candidatesAt(query: number): number;
  candidateCount(query: number): number;
  stageRows(first: number): void;
  beginCodes(rows: number): void;
  quantiseRows(from: number, to: number): void;
  countIncluded(): number;
  listIncluded(): void;
  search(
    queryCount: number,
    k: number,
    probes: number,
    scope: number,
    listed: number,
    rounded: boolean,
  ): number;
}

/** As in src/kernel/layout.ts. */
const METRICS: Record<Metric, number> = { cosine: 0, dot: 1, l2: 2 };
/** As in src/kernel/layout.ts: float32 alone, with codes, or no float32. */
const FORMS = { floats: 0, float32: 1, int16: 2, int8: 3 };
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
/** Where there was no room for all candidates of a query: how much more there is next. */
const ROOM_STEP = 8;
const LEAST_ROOM = 2048;
/** Up to this share of rows that are left, they are listed; beyond, all are scored and the others passed over. */
const LISTED_SHARE = 3 / 4;

/** `'floats'`: float32 without codes, for rows that are soon replaced. */
export type Form = keyof typeof FORMS;

/** Rows that are written and quantised at a time; as in src/kernel/layout.ts. */
export const STAGED_ROWS = 1024;

/** The rows of each query among which its best are. */
export interface Candidates {
  readonly rows: readonly Uint32Array<ArrayBuffer>[];
  readonly scanned: number;
}

/** The kernel with a memory of its own, in which it has one block. */
export class SimdInstance {
  readonly #kernel: KernelExports;
  /** The kernel keeps what is written. */
  #keepsVectors = true;
  /** Candidates that there is room for; 0: as many as the kernel thinks enough. */
  #room = 0;
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

  /** What a block takes, a usual search included. Whatever was there is lost. */
  measure({ rows, dimension, metric, lists }: HeldSize, form: Form): number {
    const bytes = this.#kernel.layOutBlock(rows, dimension, METRICS[metric], lists, FORMS[form]);
    if (bytes > MOST_BYTES) return bytes;
    const [k, probes] = [Math.min(USUAL.k, rows), Math.min(USUAL.probes, lists)];
    return this.#kernel.layOutSearch(MOST_TOGETHER, k, probes, 0);
  }

  /** Makes room for a block. Whatever was there is lost. */
  layOut({ rows, dimension, metric, lists }: BlockShape, form: Form): void {
    const listCount = lists === undefined ? 0 : lists.starts.length - 1;
    const bytes = this.measure({ rows, dimension, metric, lists: listCount }, form);
    if (bytes > MOST_BYTES) {
      throw new RangeError(
        `A block of ${rows} rows takes ${bytes} bytes of WebAssembly memory, and ${MOST_BYTES} are the most it can have.`,
      );
    }
    this.#grow(bytes);
    this.#keepsVectors = FORMS[form] <= FORMS.float32;
    this.#room = 0;
    this.#rows = rows;
    this.#dimension = dimension;
    this.#listCount = listCount;
    this.#excluded = undefined;
    this.#listed = undefined;
    if (lists === undefined) return;
    this.#floats(this.#kernel.centroidsAt(), lists.centroids.length).set(lists.centroids);
    this.#integers(this.#kernel.listStartsAt(), lists.starts.length).set(lists.starts);
  }

  /** At most STAGED_ROWS where the block does not keep them: they are there until others are written. */
  write({ start, vectors, norms }: RowPage): void {
    if (!this.#keepsVectors) this.#kernel.stageRows(start);
    const first = this.#keepsVectors ? start : 0;
    const at = this.#kernel.vectorsAt() >>> 0;
    this.#floats(at + 4 * first * this.#dimension, vectors.length).set(vectors);
    const normsAt = this.#kernel.normsAt() >>> 0;
    if (normsAt !== 0) this.#floats(normsAt + 4 * first, norms.length).set(norms);
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
    const { count } = queries;
    const { k } = best;
    const scanned = this.#run(queries, k, scope, true);
    const found = this.#integers(this.#kernel.resultRowsAt(), count * k);
    best.rows.set(found, first * k);
    best.similarities.set(this.#floats(this.#kernel.resultSimilaritiesAt(), count * k), first * k);
    return scanned;
  }

  /** Of a block without float32: where the best k rows of each query are. */
  candidates(queries: QueryVectors, k: number, scope: Scope): Candidates {
    let scanned = this.#run(queries, k, scope, false);
    for (; scanned < 0; scanned = this.#run(queries, k, scope, false)) {
      this.#room = Math.min(this.#rows, ROOM_STEP * Math.max(this.#room, LEAST_ROOM));
    }
    const rows = Array.from({ length: queries.count }, (_, q) =>
      this.#integers(this.#kernel.candidatesAt(q), this.#kernel.candidateCount(q)).slice(),
    );
    return { rows, scanned };
  }

  #run(queries: QueryVectors, k: number, scope: Scope, rounded: boolean): number {
    const dimension = this.#dimension;
    const { count } = queries;
    const probes = this.#listsToProbe(scope);
    this.#grow(this.#kernel.layOutSearch(count, k, probes, this.#room));
    const place = this.#place(scope, probes);
    const at = this.#kernel.queryVectorsAt() >>> 0;
    const stride = (dimension + 7) & ~7;
    const padded = this.#floats(at, count * stride);
    for (let q = 0; q < count; q++) {
      padded.set(queries.vectors.subarray(q * dimension, (q + 1) * dimension), q * stride);
    }
    return this.#kernel.search(count, k, probes, place.kind, place.listed, rounded);
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
