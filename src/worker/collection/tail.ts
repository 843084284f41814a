import type { CollectionConfig } from '../../shared/types.js';
import { type Bitmap, createBitmap, hasBit, setBit } from '../bitmap.js';
import type { Compute } from '../compute/compute.js';
import { jsKernels } from '../compute/js-kernels.js';
import type { Kernels, QueryVectors, RowBlock, Rows } from '../compute/kernels.js';
import { isReadFault } from '../storage/read-faults.js';
import type { BestMerge } from './best-merge.js';
import { SEALED_ROWS, type Segment } from './segment.js';
import type { SegmentView } from './segment-view.js';

interface Part {
  /** Index among the snapshot's views. */
  readonly source: number;
  readonly segment: Segment;
  /** First row in the tail. */
  readonly start: number;
}

/** The small segments of a snapshot, their rows side by side, so that one graph run scores them all. */
export class Tail {
  readonly rows: number;
  readonly #parts: Part[] = [];
  #data: Promise<Rows> | undefined;
  #block: { kernels: Kernels; block: RowBlock } | undefined;

  constructor(
    views: readonly SegmentView[],
    private readonly config: CollectionConfig,
    previous: Tail | undefined,
  ) {
    let rows = 0;
    for (const [source, view] of views.entries()) {
      if (view.sealed !== undefined || view.segment.rows === 0) continue;
      this.#parts.push({ source, segment: view.segment, start: rows });
      rows += view.segment.rows;
    }
    this.rows = rows;
    if (previous !== undefined && this.#hasSameParts(previous)) {
      this.#data = previous.#data;
      this.#block = previous.#block;
    }
  }

  /** What small segments usually take until they are merged: their columns, these side by side, the kernels' copy. */
  static mostBytes(dimension: number): number {
    return 3 * SEALED_ROWS * (dimension + 1) * 4;
  }

  get memoryBytes(): number {
    return this.#data === undefined ? 0 : this.rows * (this.config.dimension + 1) * 4;
  }

  /** Adds the tail's best rows to `best`; `excluded[source]` is a bitmap of that view's rows. */
  async search(
    compute: Compute,
    queries: QueryVectors,
    k: number,
    excluded: readonly (Bitmap | undefined)[],
    best: BestMerge,
  ): Promise<void> {
    if (this.rows === 0) return;
    const scope = { excluded: this.#join(excluded) };
    for (;;) {
      const kernels = await compute.kernels();
      try {
        const block = await this.#blockOf(kernels);
        best.add(await block.search(queries, k, scope), kernels, (row) => this.#locate(row));
        return;
      } catch (error) {
        if (kernels === jsKernels || isReadFault(error)) throw error;
        compute.giveUp(kernels, error);
      }
    }
  }

  /** Made again when other kernels have become active. */
  async #blockOf(kernels: Kernels): Promise<RowBlock> {
    if (this.#block?.kernels !== kernels) {
      const data = await this.#load();
      this.#block = { kernels, block: await kernels.pass(data, this.config.dimension, this.config.metric) };
    }
    return this.#block.block;
  }

  #load(): Promise<Rows> {
    if (this.#data === undefined) {
      const data = this.#gather();
      data.catch(() => {
        this.#data = undefined;
      });
      this.#data = data;
    }
    return this.#data;
  }

  async #gather(): Promise<Rows> {
    const { dimension } = this.config;
    const vectors = new Float32Array(this.rows * dimension);
    const norms = new Float32Array(this.rows);
    const parts = this.#parts.map(async ({ segment, start }) => {
      vectors.set(await segment.vectors(), start * dimension);
      norms.set(await segment.norms(), start);
    });
    await Promise.all(parts);
    return { vectors, norms };
  }

  #join(excluded: readonly (Bitmap | undefined)[]): Bitmap | undefined {
    if (this.#parts.every(({ source }) => excluded[source] === undefined)) return undefined;
    const joined = createBitmap(this.rows);
    for (const { source, segment, start } of this.#parts) {
      const own = excluded[source];
      if (own === undefined) continue;
      for (let row = 0; row < segment.rows; row++) if (hasBit(own, row)) setBit(joined, start + row);
    }
    return joined;
  }

  #locate(row: number): { source: number; row: number } {
    let low = 0;
    for (let high = this.#parts.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (this.#parts[middle]!.start <= row) low = middle;
      else high = middle - 1;
    }
    const { source, start } = this.#parts[low]!;
    return { source, row: row - start };
  }

  #hasSameParts(other: Tail): boolean {
    return (
      other.#parts.length === this.#parts.length &&
      this.#parts.every((part, i) => part.segment === other.#parts[i]!.segment)
    );
  }
}
