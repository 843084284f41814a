import { VectorStoreError } from '../../shared/errors.js';
import type { Metric } from '../../shared/types.js';
import type { SegmentShape } from '../compute/auto-gpu.js';
import type { Compute } from '../compute/compute.js';
import { jsKernels } from '../compute/js-kernels.js';
import type {
  BestRows,
  InvertedLists,
  Kernels,
  QueryVectors,
  RowBlock,
  RowPage,
  Scope,
} from '../compute/kernels.js';
import { free } from '../free.js';
import { Queue } from '../slices.js';
import { PAGE_BYTES } from './columns.js';
import { probeFromStorage } from './early-probe.js';
import { GpuCopy } from './gpu-copy.js';
import type { Segment } from './segment.js';

interface Held {
  readonly block: RowBlock;
  readonly kernels: Kernels;
  readonly hasLists: boolean;
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
 * from storage again and the next ones answer. So memory holds the vectors once.
 */
export class SealedRows {
  /** Reads under way on snapshots that hold this. */
  users = 0;
  readonly #moves = new Queue();
  readonly #gpuCopy: GpuCopy;
  #released = false;
  /** Undefined after a failure: the next search tries again. */
  #held: Promise<Held> | undefined;
  /** All rows are in memory. */
  #isLoaded = false;
  /** The lists, until kernels hold them. */
  #reading: Promise<InvertedLists | undefined> | undefined;

  /** Why the segment's index cannot be used, where it cannot: it has to be made again. */
  indexFault: unknown;

  constructor(
    private readonly segment: Segment,
    private readonly metric: Metric,
    private readonly compute: Compute,
    atHand: AtHand | undefined,
  ) {
    this.#gpuCopy = new GpuCopy(compute);
    void this.#begin(atHand);
  }

  /** When it can be searched. */
  async loaded(): Promise<void> {
    await this.#current();
  }

  get memoryBytes(): number {
    return this.segment.rows * this.segment.dimension * 4;
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
    const { block, kernels, hasLists } = await held;
    try {
      // Picking lists costs a GPU more than scoring every row.
      const isProbed = hasLists && scope.probes !== undefined && kernels.backend !== 'webgpu';
      const best = await block.search(queries, k, isProbed ? scope : { ...scope, probes: undefined });
      return { best, kernels, probed: isProbed };
    } catch (error) {
      // The rows have moved meanwhile, and the block was released.
      if (this.#held !== undefined && this.#held !== held) return this.search(queries, k, scope);
      if (kernels === jsKernels || this.#released) throw error;
      // The rows are in storage: answer from there, with the next kernels.
      this.compute.giveUp(kernels, error);
      this.#held = undefined;
      void block.release().catch(() => undefined);
      return this.search(queries, k, scope);
    }
  }

  /** Moves to what computes now, if that is something else. */
  moveToActiveKernels(): Promise<void> {
    return this.#moves.run(async () => {
      const before = await this.#current();
      if (this.#released || before.kernels === this.compute.active) return;
      const after = this.#hold(undefined);
      await after;
      if (this.#released) return;
      this.#held = after;
      await before.block.release();
    });
  }

  /** Copies the rows to kernels that are faster at searches of all rows than those that hold them. */
  copyTo(kernels: Kernels): Promise<void> {
    return this.#moves.run(async () => {
      if (!this.#released) await this.#gpuCopy.make(kernels, this.shape, this.#pages(undefined, kernels));
    });
  }

  /** Not while it has users. */
  async release(): Promise<void> {
    this.#released = true;
    await this.#moves.run(async () => {
      await this.#gpuCopy.release();
      await this.#held?.then(({ block }) => block.release()).catch(() => undefined);
    });
  }

  /** While the rows are still being read: what needs few of them. */
  async #searchEarly(queries: QueryVectors, k: number, scope: Scope): Promise<SealedAnswer | undefined> {
    if (this.#isLoaded || scope.probes === undefined) return undefined;
    const lists = await this.#lists();
    const kernels = await this.compute.kernels();
    if (this.#isLoaded || lists === undefined) return undefined;
    const { segment, metric } = this;
    const best = await probeFromStorage(segment, lists, metric, kernels, queries, k, scope);
    return best && { best, kernels, probed: true };
  }

  #current(): Promise<Held> {
    return this.#held ?? this.#begin(undefined);
  }

  #begin(atHand: AtHand | undefined): Promise<Held> {
    const held = this.#hold(atHand);
    this.#held = held;
    held.catch(() => {
      if (this.#held === held) this.#held = undefined;
    });
    return held;
  }

  async #hold(atHand: AtHand | undefined): Promise<Held> {
    const { rows, dimension } = this.segment;
    const lists = atHand === undefined ? await this.#lists() : atHand.lists;
    const shape = { rows, dimension, metric: this.metric, lists };
    const kernels = await this.compute.kernels();
    let isOfStorage = false;
    const pages = async function* (own: AsyncIterable<RowPage>) {
      try {
        yield* own;
      } catch (error) {
        isOfStorage = true;
        throw error;
      }
    };
    try {
      const block = await kernels.hold(shape, pages(this.#pages(atHand?.vectors, kernels)));
      if (atHand !== undefined && !kernels.holdsByReference) free(atHand.vectors);
      this.#isLoaded = true;
      this.#reading = undefined;
      return { block, kernels, hasLists: lists !== undefined };
    } catch (error) {
      if (isOfStorage || kernels === jsKernels) throw error;
      this.compute.giveUp(kernels, error);
      return this.#hold(atHand);
    }
  }

  /** The index is derived from the records: without it they are searched exactly. */
  async #lists(): Promise<InvertedLists | undefined> {
    if (this.indexFault !== undefined) return undefined;
    try {
      this.#reading ??= this.segment.lists();
      return await this.#reading;
    } catch (error) {
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
