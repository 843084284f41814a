import { abortedError, throwIfAborted } from '../../shared/errors.js';

export type LockMode = 'exclusive' | 'shared';

interface Waiting {
  readonly mode: LockMode;
  readonly begin: () => void;
}

/** What a Web Lock is, within one worker: first come, first served, and shared ones together. */
export class LocalLock {
  readonly #waiting: Waiting[] = [];
  #holders: { mode: LockMode; count: number } = { mode: 'shared', count: 0 };

  /** @param signal ends the waiting, not the task */
  async run<T>(mode: LockMode, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    await this.#held(mode, signal);
    try {
      return await task();
    } finally {
      this.#holders.count--;
      this.#grant();
    }
  }

  #held(mode: LockMode, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        mode,
        begin: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(abortedError(signal?.reason));
        // Whoever waited behind it may go together with those who hold it.
        this.#grant();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
      this.#grant();
    });
  }

  #grant(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const isFree = this.#holders.count === 0;
      if (!isFree && (first.mode === 'exclusive' || this.#holders.mode === 'exclusive')) return;
      this.#waiting.shift();
      this.#holders = { mode: first.mode, count: this.#holders.count + 1 };
      first.begin();
    }
  }
}
