import type { Compute } from '../compute/compute.js';
import type {
  BestRows,
  BlockShape,
  Kernels,
  QueryVectors,
  RowBlock,
  RowPage,
  Scope,
} from '../compute/kernels.js';
import { isReadFault } from '../storage/read-faults.js';

export interface GpuAnswer {
  readonly best: BestRows;
  readonly kernels: Kernels;
}

/** A segment's rows once more, on a GPU, for searches that look at every row. */
export class GpuCopy {
  #held: { readonly block: RowBlock; readonly kernels: Kernels } | undefined;

  constructor(private readonly compute: Compute) {}

  /** Undefined: there is no copy, or not any more, or other kernels are faster at this. */
  async search(queries: QueryVectors, k: number, scope: Scope): Promise<GpuAnswer | undefined> {
    const held = this.#held;
    if (held === undefined || scope.rows !== undefined || scope.probes !== undefined) return undefined;
    try {
      return { best: await held.block.search(queries, k, scope), kernels: held.kernels };
    } catch (error) {
      this.compute.giveUp(held.kernels, error);
      if (this.#held === held) await this.release();
      return undefined;
    }
  }

  /** Rejects where the pages could not be read. */
  async make(kernels: Kernels, shape: BlockShape, pages: AsyncIterable<RowPage>): Promise<void> {
    try {
      this.#held = { block: await kernels.hold(shape, pages), kernels };
    } catch (error) {
      if (isReadFault(error)) throw error;
      this.compute.giveUp(kernels, error);
    }
  }

  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.block.release().catch(() => undefined);
  }
}
