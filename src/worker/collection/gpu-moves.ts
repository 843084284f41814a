import type { Compute } from '../compute/compute.js';
import type { SealedRows } from './sealed-rows.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState } from './state.js';

/** How long after the last answer: what one types is answered first. */
const IDLE_MS = 1000;

/** In idle time after answers: finds out for each large segment whether a GPU pays, and moves it there if so. */
export class GpuMoves {
  readonly #done = new WeakSet<SealedRows>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(
    private readonly state: CollectionState,
    private readonly compute: Compute,
  ) {}

  /** Call it after an answer: a collection that nobody asks needs no GPU. */
  schedule(snapshot: Snapshot): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.#open(snapshot).length === 0) return;
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
      await this.compute.considerGpu(sealed.shape);
      await sealed.moveToActiveKernels();
    }
  }
}
