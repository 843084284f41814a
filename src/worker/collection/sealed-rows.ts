import { VectorStoreError } from '../../shared/errors.js';
import type { Metric } from '../../shared/types.js';
import type { SegmentShape } from '../compute/auto-gpu.js';
import type { Compute } from '../compute/compute.js';
import { jsKernels } from '../compute/js-kernels.js';
import type {
  BestRows,
  InvertedLists,
  Kernels,
  Precision,
  QueryVectors,
  RowBlock,
  RowPage,
  Scope,
} from '../compute/kernels.js';
import { free } from '../free.js';
import { Queue } from '../slices.js';
import { isReadFault } from '../storage/read-faults.js';
import { PAGE_BYTES } from './columns.js';
import { GpuCopy } from './gpu-copy.js';
import type { MemoryBudget, Tenant } from './memory-budget.js';
import type { Segment } from './segment.js';
import { StoredRows } from './stored-rows.js';

/** While rows are being read: where more of them would have to be read, waiting for all is not much slower. */
const MAX_EARLY_SHARE = 0.25;

interface Held {
  readonly block: RowBlock;
  readonly kernels: Kernels;
  readonly hasLists: boolean;
  /** Undefined: the rows stay in storage. */
  readonly precision: Precision | undefined;
}

/** How sealed rows are held. */
export interface Holding {
  readonly compute: Compute;
  readonly memory: MemoryBudget;
  /** What the collection asks for at most; may change. */
  readonly finest: () => Precision;
}

/** What of a segment is at hand; the rest is read from storage. */
export interface AtHand {
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly lists: InvertedLists | undefined;
}

export interface SealedAnswer {
  readonly best: BestRows;
  readonly kernels: Kernels;
  /** Only the nearest lists were looked at. */
  readonly probed: boolean;
}

/**
 * The vectors of a large segment in memory, as one block that can be searched. It is made with the best kernels
 * that work at the time and moves to better ones when they have loaded; where kernels fail at work, the rows come
 * from storage again and the next ones answer. So memory holds the vectors once, as finely as its budget allows.
 */
export class SealedRows implements Tenant {
  /** Reads under way on snapshots that hold this. */
  users = 0;
  readonly #moves = new Queue();
  readonly #gpuCopy: GpuCopy;
  #released = false;
  /** Undefined after a failure: the next search tries again. */
  #held: Promise<Held> | undefined;
  /** All rows are in memory. */
  #isLoaded = false;
  #precision: Precision | undefined;
  #bytes = 0;
  /** The lists, until kernels hold them. */
  #reading: Promise<InvertedLists | undefined> | undefined;

  /** Why the segment's index cannot be used, where it cannot: it has to be made again. */
  indexFault: unknown;

  constructor(
    private readonly segment: Segment,
    private readonly metric: Metric,
    private readonly holding: Holding,
    atHand: AtHand | undefined,
  ) {
    this.#gpuCopy = new GpuCopy(holding.compute);
    void this.#begin(atHand);
  }

  /** When it can be searched. */
  async loaded(): Promise<void> {
    await this.#current();
  }

  get memoryBytes(): number {
    return this.#bytes;
  }

  /** What the rows are held as; undefined: they are in storage, or still being read. */
  get precision(): Precision | undefined {
    return this.#precision;
  }

  get finest(): Precision {
    return this.holding.finest();
  }

  bytesAt(precision: Precision): number | undefined {
    const { rows, dimension, manifest } = this.segment;
    const size = { rows, dimension, metric: this.metric, lists: manifest.index?.lists ?? 0 };
    return this.holding.compute.active.bytesToHold(size, precision);
  }

  get shape(): SegmentShape {
    const { rows, dimension } = this.segment;
    return { rows, dimension, metric: this.metric };
  }

  async search(queries: QueryVectors, k: number, scope: Scope): Promise<SealedAnswer> {
    const onGpu = await this.#gpuCopy.search(queries, k, scope);
    if (onGpu !== undefined) return { ...onGpu, probed: false };
    const early = await this.#searchEarly(queries, k, scope);
    if (early !== undefined) return early;
    const held = this.#current();
    const { block, kernels, hasLists, precision } = await held;
    try {
      // Picking lists costs a GPU more than scoring every row.
      const picksLists = kernels.backend !== 'webgpu' || precision === undefined;
      const isProbed = hasLists && scope.probes !== undefined && picksLists;
      const best = await block.search(queries, k, isProbed ? scope : { ...scope, probes: undefined });
      return { best, kernels, probed: isProbed };
    } catch (error) {
      // The rows have moved meanwhile, and the block was released.
      if (this.#held !== undefined && this.#held !== held) return this.search(queries, k, scope);
      if (kernels === jsKernels || this.#released || isReadFault(error)) throw error;
      // The rows are in storage: answer from there, with the next kernels.
      this.holding.compute.giveUp(kernels, error);
      this.#held = undefined;
      void block.release().catch(() => undefined);
      return this.search(queries, k, scope);
    }
  }

  /** Moves to what computes now, if that is something else. */
  moveToActiveKernels(): Promise<void> {
    return this.#moves.run(async () => {
      const before = await this.#current();
      if (before.kernels === this.holding.compute.active) return;
      // What these kernels cannot hold at all, the budget has to think about anew.
      if (before.precision !== undefined && this.bytesAt(before.precision) === undefined) return;
      await this.#replace(before, before.precision);
    });
  }

  follow(): Promise<void> {
    return this.#moves.run(async () => {
      // Without it, the next search asks what there is room for.
      const before = await this.#held?.catch(() => undefined);
      const precision = this.holding.memory.toldTo(this);
      if (before === undefined || before.precision === precision) return;
      // Where it cannot be read, the next search says so.
      await this.#replace(before, precision).catch(() => undefined);
    });
  }

  /** Copies the rows to kernels that are faster at searches of all rows than those that hold them. */
  copyTo(kernels: Kernels): Promise<void> {
    return this.#moves.run(async () => {
      if (!this.#released) await this.#gpuCopy.make(kernels, this.shape, this.#pages(undefined, kernels));
    });
  }

  /** Not while it has users. */
  release(): Promise<void> {
    this.#released = true;
    const gone = this.#moves.run(async () => {
      await this.#gpuCopy.release();
      await this.#held?.then(({ block }) => block.release()).catch(() => undefined);
    });
    this.holding.memory.leave(this, gone);
    return gone;
  }

  async #replace(before: Held, precision: Precision | undefined): Promise<void> {
    if (this.#released) return;
    if (this.holding.memory.isLimited) {
      // What is there goes first. Until the rows have been read again, storage answers what needs few of them.
      const gone = before.block.release();
      this.#isLoaded = false;
      this.#precision = undefined;
      this.#bytes = 0;
      await this.#begin(undefined, () => gone.then(() => precision));
      return;
    }
    const after = this.#hold(undefined, async () => precision);
    await after;
    this.#held = after;
    await before.block.release();
  }

  /** While the rows are still being read: what needs few of them. */
  async #searchEarly(queries: QueryVectors, k: number, scope: Scope): Promise<SealedAnswer | undefined> {
    if (this.#isLoaded || scope.probes === undefined) return undefined;
    const lists = await this.#lists();
    const kernels = await this.holding.compute.kernels();
    if (this.#isLoaded || lists === undefined) return undefined;
    const stored = new StoredRows(this.segment, lists, this.metric, kernels);
    const rows = stored.rowsOfLists(queries, scope)!;
    if (rows.length > this.segment.rows * MAX_EARLY_SHARE) return undefined;
    return { best: await stored.search(queries, k, { rows }), kernels, probed: true };
  }

  #current(): Promise<Held> {
    return this.#held ?? this.#begin(undefined);
  }

  readonly #ask = async (): Promise<Precision | undefined> =>
    this.#released ? undefined : this.holding.memory.admit(this);

  /** @param ask what memory has room for */
  #begin(atHand: AtHand | undefined, ask = this.#ask): Promise<Held> {
    const held = this.#hold(atHand, ask);
    this.#held = held;
    held.catch(() => {
      if (this.#held === held) this.#held = undefined;
    });
    return held;
  }

  async #hold(atHand: AtHand | undefined, ask: () => Promise<Precision | undefined>): Promise<Held> {
    const { rows, dimension } = this.segment;
    const { compute, memory } = this.holding;
    const lists = atHand === undefined ? await this.#lists() : atHand.lists;
    let vectors = atHand?.vectors;
    if (vectors !== undefined && memory.isLimited) {
      // They must not wait in memory until others have made room.
      free(vectors);
      vectors = undefined;
    }
    const kernels = await compute.kernels();
    const precision = await ask();
    const about = { kernels, hasLists: lists !== undefined, precision };
    if (precision === undefined) {
      this.#setLoaded(precision, 0);
      return { ...about, block: new StoredRows(this.segment, lists, this.metric, kernels) };
    }
    const readRows = (wanted: Uint32Array<ArrayBuffer>) => this.segment.copyRows(wanted);
    const compact = precision === 'float32' ? undefined : { precision, readRows };
    const shape = { rows, dimension, metric: this.metric, lists, compact };
    try {
      const block = await kernels.hold(shape, this.#pages(vectors, kernels));
      if (vectors !== undefined && !kernels.holdsByReference) free(vectors);
      this.#setLoaded(precision, kernels.holdsByReference ? rows * (dimension + 1) * 4 : block.bytes);
      return { ...about, block };
    } catch (error) {
      if (isReadFault(error) || kernels === jsKernels) throw error;
      compute.giveUp(kernels, error);
      return this.#hold(vectors && { vectors, lists }, this.#ask);
    }
  }

  #setLoaded(precision: Precision | undefined, bytes: number): void {
    this.#precision = precision;
    this.#bytes = bytes;
    this.#isLoaded = true;
    this.#reading = undefined;
  }

  /** The index is derived from the records: without it they are searched exactly. */
  async #lists(): Promise<InvertedLists | undefined> {
    if (this.indexFault !== undefined) return undefined;
    try {
      this.#reading ??= this.segment.lists();
      return await this.#reading;
    } catch (error) {
      this.#reading = undefined;
      if (!(error instanceof VectorStoreError) || error.code !== 'CORRUPT') throw error;
      this.indexFault = error;
      return undefined;
    }
  }

  /** Pages are read while those before are taken in, as many as make one of usual size; more would only wait. */
  async *#pages(vectors: Float32Array<ArrayBuffer> | undefined, kernels: Kernels): AsyncGenerator<RowPage> {
    const { rows, dimension, rowsPerPage } = this.segment;
    const norms = await this.segment.norms();
    const pageCount = Math.ceil(rows / rowsPerPage);
    const atOnce = Math.max(1, Math.round(PAGE_BYTES / (rowsPerPage * dimension * 4)));
    const read = async (from: number) => {
      const to = Math.min(pageCount, from + atOnce);
      if (vectors === undefined) return this.segment.readVectorPages(from, to);
      const [first, end] = [from * rowsPerPage, Math.min(rows, to * rowsPerPage)];
      return [vectors.subarray(first * dimension, end * dimension)];
    };
    let next = read(0);
    for (let page = 0; page < pageCount; page += atOnce) {
      const pages = await next;
      if (page + atOnce < pageCount) {
        next = read(page + atOnce);
        // Reported when its turn comes, unless the reader stops before.
        next.catch(() => undefined);
      }
      let start = page * rowsPerPage;
      for (const own of pages) {
        const end = start + own.length / dimension;
        yield { start, vectors: own, norms: norms.subarray(start, end) };
        if (vectors === undefined && !kernels.holdsByReference) free(own);
        start = end;
      }
    }
  }
}
