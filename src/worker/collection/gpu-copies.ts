import type { CollectionConfig, Receipt } from '../../shared/types.js';
import type { Compute } from '../compute/compute.js';
import type { SealedRows } from './sealed-rows.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState } from './state.js';

/** How long after the last answer: what one types is answered first. */
const IDLE_MS = 1000;

/** Exact answers over very many rows before a GPU is looked for: one does not pay for the loading of 27 MB. */
export const ANSWERS_BEFORE_GPU = 10;

/**
 * Where large segments are often searched exactly: finds out in idle time whether a GPU pays for them, and copies
 * their rows to it if so.
 */
export class GpuCopies {
  readonly #done = new WeakSet<SealedRows>();
  #answers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(
    private readonly state: CollectionState,
    private readonly compute: Compute,
    private readonly config: CollectionConfig,
  ) {}

  /** Call it after answers from this snapshot. */
  observe(snapshot: Snapshot, answers: readonly { receipt: Receipt }[]): void {
    const { dimension, metric } = this.config;
    for (const { receipt } of answers) {
      const { exact, scanned } = receipt;
      if (exact && this.compute.mayUseGpu({ rows: scanned, dimension, metric })) this.#answers++;
    }
    clearTimeout(this.#timer);
    if (this.#isClosed || this.#answers < ANSWERS_BEFORE_GPU || this.#open(snapshot).length === 0) return;
    this.#timer = setTimeout(() => {
      this.#run().catch(() => {
        // A failure of storage; the calls that need it report it.
      });
    }, IDLE_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #open({ views }: Snapshot): SealedRows[] {
    return views.flatMap(({ sealed }) =>
      sealed !== undefined && !this.#done.has(sealed) && this.compute.mayUseGpu(sealed.shape) ? [sealed] : [],
    );
  }

  async #run(): Promise<void> {
    for (const sealed of this.#open(this.state.current)) {
      this.#done.add(sealed);
      const kernels = await this.compute.considerGpu(sealed.shape);
      if (kernels !== undefined) await sealed.copyTo(kernels);
    }
  }
}
