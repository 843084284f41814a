import { VectorStoreError } from '../../shared/errors.js';
import type { Export } from './export-store.js';

/** Nothing is merged while an export is open: one that was forgotten must not stay so. */
const IDLE_MS = 60_000;

/** Begins an export that lives until the signal fires. */
export type BeginExport = (ended: AbortSignal) => Promise<Export>;

/** One export that a page takes part by part, at its own pace. It ends with its last part, its first fault, or `end`. */
export class ExportSession {
  readonly #export: Promise<Export>;
  readonly #ended = new AbortController();
  #fault: unknown;
  /** Calls that are being answered. */
  #taking = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    begin: BeginExport,
    private readonly idleMs = IDLE_MS,
  ) {
    this.#export = begin(this.#ended.signal);
    this.#export.catch((error: unknown) => this.end(error));
  }

  /** Resolves once the export has begun. */
  async expectedBytes(): Promise<number> {
    return (await this.#take(this.#export)).expectedBytes;
  }

  /** The next part of the file; `undefined` after the last. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { value } = await this.#take(this.#export.then(({ parts }) => parts.next()));
    if (value === undefined) this.end(endedError());
    return value ?? undefined;
  }

  /** `next` rejects with the first reason from now on. */
  end(reason: unknown): void {
    clearTimeout(this.#timer);
    if (this.#ended.signal.aborted) return;
    this.#fault = reason;
    this.#ended.abort();
  }

  async #take<T>(result: Promise<T>): Promise<T> {
    this.#taking++;
    clearTimeout(this.#timer);
    try {
      const value = await result;
      if (!this.#ended.signal.aborted) return value;
    } catch (error) {
      this.end(error);
    } finally {
      this.#taking--;
      this.#wait();
    }
    throw this.#fault;
  }

  #wait(): void {
    if (this.#taking > 0 || this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => this.end(idleError(this.idleMs)), this.idleMs);
  }
}

function endedError(): VectorStoreError {
  return new VectorStoreError(
    'CLOSED',
    'The export has ended. There is no part after its last one. Begin a new export.',
  );
}

function idleError(milliseconds: number): VectorStoreError {
  return new VectorStoreError(
    'ABORTED',
    `Nobody has taken the next part of an export for ${milliseconds / 1000} s. Merging waits for an export, so it was ended, and the file is not whole. ` +
      'Export again, and read the stream to its end or cancel it.',
  );
}
