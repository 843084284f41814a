import { overloadedError } from './http-error.js';

const DEFAULT_BYTES = 128 << 20;

/** Bounds what the bodies and answers of all requests hold in memory. What does not fit is refused (503). */
export class MemoryBudget {
  #used = 0;

  constructor(private readonly bytes = DEFAULT_BYTES) {}

  get used(): number {
    return this.#used;
  }

  /** For one request. */
  share(): MemoryShare {
    let held = 0;
    return {
      take: (bytes) => {
        if (this.#used + bytes > this.bytes)
          throw overloadedError(`what is under way takes ${this.#used} of ${this.bytes} bytes`);
        this.#used += bytes;
        held += bytes;
      },
      release: () => {
        this.#used -= held;
        held = 0;
      },
    };
  }
}

export interface MemoryShare {
  /** Throws 503 where there is no room for as many bytes more. */
  take(bytes: number): void;
  /** All that was taken. */
  release(): void;
}
