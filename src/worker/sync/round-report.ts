import type { VectorStoreError } from '../../shared/errors.js';

/** What came about since it was told last. */
export interface Progress {
  readonly pushed?: number;
  readonly pulled?: number;
  /** How many writes are pending. */
  readonly pending?: number;
}

/** What a round has done, and what kept it from being whole. */
export class RoundReport {
  #problem: VectorStoreError | undefined;

  constructor(
    /** Tells how far it has come. */
    readonly progress: (done: Progress) => void,
  ) {}

  /** The first one; absent: it is whole. */
  get problem(): VectorStoreError | undefined {
    return this.#problem;
  }

  /** Something is left for a later round. */
  fellShort(problem: VectorStoreError): void {
    this.#problem ??= problem;
  }
}
