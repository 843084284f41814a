import { throwIfAborted } from '../../shared/errors.js';
import type { Progress } from '../../shared/types.js';
import { Slice } from '../slices.js';

export interface PaceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Multiplications in one call of a kernel. The thread is taken for that long: a worker that also answers queries
   * needs small calls; where nobody waits, large ones are faster.
   */
  readonly macsPerCall: number;
}

/** Lets others have the thread between the steps of a training, ends it when it is aborted, and tells how far it is. */
export class Pace {
  readonly #slice = new Slice();
  #share = 0;
  #toldPercent = -1;

  constructor(
    private readonly total: number,
    private readonly options: PaceOptions,
  ) {}

  get macsPerCall(): number {
    return this.options.macsPerCall;
  }

  /** For every step of a loop: costs nothing until a slice is over. */
  async step(): Promise<void> {
    if (!this.#slice.isOver()) return;
    await this.#slice.next();
    throwIfAborted(this.options.signal);
  }

  /** So much more of the whole is done, as a share of 1. Told by the percent. */
  advance(share: number): void {
    this.#share = Math.min(1, this.#share + share);
    const percent = Math.floor(this.#share * 100 + 1e-6);
    if (percent === this.#toldPercent) return;
    this.#toldPercent = percent;
    const { onProgress } = this.options;
    onProgress?.({ done: Math.floor((percent * this.total) / 100), total: this.total });
  }
}
