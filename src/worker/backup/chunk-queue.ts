import { throwIfAborted } from '../../shared/errors.js';
import { damagedBackup } from './backup-errors.js';

/** Bytes that may wait before the page is told to. */
const MAX_WAITING_BYTES = 4 << 20;

/** A stream's chunks on their way from the page to the import that takes them. */
export class ChunkQueue {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isAtEnd = false;
  #fault: string | undefined;
  #isClosed = false;
  #wake: (() => void)[] = [];

  /** Undefined: the stream has ended, by the fault where one is given. Resolves to false where no more is wanted. */
  async push(chunk: Uint8Array | undefined, fault: string | undefined): Promise<boolean> {
    if (chunk === undefined) {
      this.#isAtEnd = true;
      this.#fault = fault;
    } else {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    }
    this.#changed();
    while (!this.#isClosed && this.#bytes > MAX_WAITING_BYTES) await this.#change();
    return !this.#isClosed;
  }

  /** As a `ByteSource` asks for them. */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const stop = () => this.#changed();
    signal.addEventListener('abort', stop);
    try {
      while (this.#chunks.length === 0 && !this.#isAtEnd) {
        throwIfAborted(signal);
        await this.#change();
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined && this.#fault !== undefined)
      throw damagedBackup(`its stream broke off: ${this.#fault}`);
    this.#bytes -= chunk?.length ?? 0;
    this.#changed();
    return chunk;
  }

  /** No more is wanted. */
  close(): void {
    this.#isClosed = true;
    this.#chunks.length = 0;
    this.#changed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
    });
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
