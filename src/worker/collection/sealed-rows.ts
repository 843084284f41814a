import type { Metric } from '../../shared/types.js';
import type { Bitmap } from '../bitmap.js';
import type { Compute } from '../compute/compute.js';
import type { Kernels, QueryVectors, RowBlock, Rows } from '../compute/kernels.js';
import { free } from '../free.js';
import { pause, Queue } from '../slices.js';
import type { BestMerge } from './best-merge.js';
import { rowsPerPage } from './columns.js';
import type { Segment } from './segment.js';

/**
 * Vector bytes in one block. Larger: fewer graph runs (0.05 ms each), but a longer pause while ONNX Runtime takes
 * the rows in (about 40 ms at 16 MiB), and that many bytes more memory at the peak.
 */
const BLOCK_BYTES = 16 << 20;

interface Held {
  readonly block: RowBlock;
  /** The rows, while the block is a view of them. */
  readonly data: Rows | undefined;
  /** They were read for this block alone: their memory can be given back with it. */
  readonly isOwnData: boolean;
}

interface Shard {
  readonly start: number;
  readonly rows: number;
  /** Undefined after a failure: the next search tries again. */
  held: Promise<Held> | undefined;
}

/**
 * The vectors of a large segment in memory, as blocks that are searched one after another. They start in plain JS
 * (searchable as soon as they are read) and move into ONNX Runtime, block by block, when it is ready; each block
 * exists in one of the two, so that memory holds the vectors once.
 */
export class SealedRows {
  /** Reads under way on snapshots that hold this. */
  users = 0;
  readonly #shards: Shard[] = [];
  readonly #parts = new WeakMap<Bitmap, Bitmap[]>();
  readonly #moves = new Queue();
  #released = false;

  /** @param vectors the segment's vectors, where they are at hand; otherwise they are read from storage. */
  constructor(
    private readonly segment: Segment,
    private readonly metric: Metric,
    private readonly compute: Compute,
    vectors: Float32Array<ArrayBuffer> | undefined,
  ) {
    const { dimension } = segment;
    const page = rowsPerPage(dimension * 4);
    const step = page * Math.max(1, Math.floor(BLOCK_BYTES / (page * dimension * 4)));
    // Two at a time: storage reads one while the other is checked and handed over. More would only wait in memory.
    let oneBefore: Promise<unknown> = Promise.resolve();
    let twoBefore = oneBefore;
    for (let start = 0; start < segment.rows; start += step) {
      const rows = Math.min(step, segment.rows - start);
      const own = vectors?.subarray(start * dimension, (start + rows) * dimension);
      const shard: Shard = { start, rows, held: undefined };
      const held = this.#begin(
        shard,
        twoBefore.then(() => this.#load(start, rows, own)),
      );
      twoBefore = oneBefore;
      oneBefore = held.catch(() => undefined);
      this.#shards.push(shard);
    }
  }

  /** When every block can be searched. */
  async loaded(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => this.#heldOf(shard)));
  }

  get memoryBytes(): number {
    return this.segment.rows * this.segment.dimension * 4;
  }

  /** Adds the best of all blocks to `best`, as rows of `source`. */
  async search(
    queries: QueryVectors,
    k: number,
    excluded: Bitmap | undefined,
    best: BestMerge,
    source: number,
  ) {
    const parts = excluded && this.#partsOf(excluded);
    for (const [i, shard] of this.#shards.entries()) {
      await this.#searchShard(shard, queries, k, parts?.[i], best, source);
    }
  }

  /** Moves what is still in plain JS into ONNX Runtime, if that is what computes now. */
  moveToActiveBackend(): Promise<void> {
    return this.#moves.run(async () => {
      for (const shard of this.#shards) {
        if (this.#released || !this.compute.usesOrt) return;
        const { block, data, isOwnData } = await this.#heldOf(shard);
        if (block.backend === 'wasm' || data === undefined) continue;
        try {
          const kernels = await this.compute.kernels();
          const moved = await kernels.hold(data, this.segment.dimension, this.metric);
          shard.held = Promise.resolve({ block: moved, data: undefined, isOwnData: false });
          // A search that began before may still be reading them.
          if (isOwnData && this.users === 0) free(data.vectors);
        } catch (error) {
          this.compute.giveUp(error);
        }
        await pause();
      }
    });
  }

  /** Not while it has users. */
  async release(): Promise<void> {
    this.#released = true;
    await this.#moves.run(async () => {
      for (const shard of this.#shards)
        await shard.held?.then(({ block }) => block.release()).catch(() => undefined);
    });
  }

  /** Each shard's part of a bitmap; the same objects each time, since kernels remember what they made of them. */
  #partsOf(excluded: Bitmap): Bitmap[] {
    let parts = this.#parts.get(excluded);
    if (parts === undefined) {
      parts = this.#shards.map(({ start, rows }) => excluded.subarray(start >>> 3, (start + rows + 7) >>> 3));
      this.#parts.set(excluded, parts);
    }
    return parts;
  }

  async #searchShard(
    shard: Shard,
    queries: QueryVectors,
    k: number,
    excluded: Bitmap | undefined,
    best: BestMerge,
    source: number,
  ): Promise<void> {
    const { block } = await this.#heldOf(shard);
    try {
      best.add(await block.search(queries, k, excluded), source, shard.start, block.backend);
    } catch (error) {
      if (block.backend === 'js' || this.#released) throw error;
      // ONNX Runtime failed at work. The rows are in storage: answer from there, in plain JS.
      this.compute.giveUp(error);
      shard.held = undefined;
      void block.release().catch(() => undefined);
      const { block: substitute } = await this.#heldOf(shard);
      best.add(await substitute.search(queries, k, excluded), source, shard.start, substitute.backend);
    }
  }

  #heldOf(shard: Shard): Promise<Held> {
    return shard.held ?? this.#begin(shard, this.#load(shard.start, shard.rows, undefined));
  }

  #begin(shard: Shard, held: Promise<Held>): Promise<Held> {
    shard.held = held;
    held.catch(() => {
      if (shard.held === held) shard.held = undefined;
    });
    return held;
  }

  async #load(start: number, rows: number, vectors: Float32Array<ArrayBuffer> | undefined): Promise<Held> {
    const norms = (await this.segment.norms()).subarray(start, start + rows);
    const isOwnData = vectors === undefined;
    const data = { vectors: vectors ?? (await this.segment.readVectors(start, start + rows)), norms };
    const kernels = await this.compute.kernels();
    try {
      return await this.#hold(kernels, data, isOwnData);
    } catch (error) {
      if (kernels.backend === 'js') throw error;
      this.compute.giveUp(error);
      return this.#hold(await this.compute.kernels(), data, isOwnData);
    }
  }

  async #hold(kernels: Kernels, data: Rows, isOwnData: boolean): Promise<Held> {
    const block = await kernels.hold(data, this.segment.dimension, this.metric);
    if (kernels.holdsByReference) return { block, data, isOwnData };
    if (isOwnData) free(data.vectors);
    return { block, data: undefined, isOwnData: false };
  }
}
