import { abortedError, VectorStoreError } from '../../shared/errors.js';
import type { Stamp } from '../../shared/sync/protocol.js';
import type { Mirror } from './mirror.js';

/** Losses that are remembered for those who ask later. */
const REMEMBERED = 10_000;

interface Wait {
  /** Of which nobody knows yet. */
  readonly ids: Set<string>;
  readonly stamp: Stamp;
  readonly resolve: () => void;
  readonly reject: (error: VectorStoreError) => void;
}

/** Who waits for writes to be acknowledged (Y12). */
export class Acknowledgements {
  readonly #waits = new Map<string, Set<Wait>>();
  /** Id → stamp of the write that was lost. */
  readonly #lost = new Map<string, { readonly stamp: Stamp; readonly error: VectorStoreError }>();

  constructor(private readonly mirror: Mirror) {}

  /**
   * Resolves when nothing is pending for any of the ids, rejects where a write to one of them lost or was refused.
   *
   * @param stamp of the write: it tells losses that came before the question
   */
  async wait(ids: readonly string[], stamp: Stamp, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw abortedError(signal.reason);
    for (const id of ids) {
      const lost = this.#lost.get(id);
      if (lost?.stamp === stamp) throw lost.error;
    }
    let wait!: Wait;
    const acknowledged = new Promise<void>((resolve, reject) => {
      wait = { ids: new Set(ids), stamp, resolve, reject };
    });
    for (const id of wait.ids) {
      const waits = this.#waits.get(id);
      if (waits) waits.add(wait);
      else this.#waits.set(id, new Set([wait]));
    }
    const abort = () => this.#end(wait, () => wait.reject(abortedError(signal?.reason)));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      // Asked after it was noted, so that what is acknowledged meanwhile is not missed.
      await Promise.all([this.settled(ids), ids.length > 0 ? acknowledged : undefined]);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#end(wait, wait.resolve);
    }
  }

  /** Something may have become of whatever is waited for. */
  settledElsewhere(): Promise<void> {
    return this.settled(this.#waits.keys());
  }

  /** Something became of these. */
  async settled(ids: Iterable<string>): Promise<void> {
    const asked = [...ids].filter((id) => this.#waits.has(id));
    if (asked.length === 0) return;
    const pending = new Set(await this.mirror.stillPending(asked));
    const settled = new Map<Wait, string[]>();
    for (const id of asked) {
      if (pending.has(id)) continue;
      for (const wait of this.#waits.get(id) ?? []) {
        const own = settled.get(wait);
        if (own === undefined) settled.set(wait, [id]);
        else own.push(id);
      }
    }
    for (const [wait, own] of settled) {
      const [taken] = await this.mirror.takenByDamage(own, wait.stamp);
      if (taken !== undefined) this.#end(wait, () => wait.reject(takenError(taken)));
      else this.#note(wait, own);
    }
  }

  #note(wait: Wait, settled: readonly string[]): void {
    for (const id of settled) {
      wait.ids.delete(id);
      this.#forget(wait, id);
    }
    if (wait.ids.size === 0) wait.resolve();
  }

  lost(id: string, stamp: Stamp, reason: string): void {
    const error = new VectorStoreError(
      'SYNC_REJECTED',
      `The write of "${id}" is not on the server: ${reason} ` +
        'The other records of its batch may be. Read the record, and write it again if it is still wanted.',
    );
    this.#lost.delete(id);
    this.#lost.set(id, { stamp, error });
    if (this.#lost.size > REMEMBERED) this.#lost.delete(this.#lost.keys().next().value!);
    for (const wait of this.#waits.get(id) ?? []) this.#end(wait, () => wait.reject(error));
  }

  /** Nothing will be acknowledged any more. */
  stop(error: VectorStoreError): void {
    for (const waits of [...this.#waits.values()]) {
      for (const wait of waits) this.#end(wait, () => wait.reject(error));
    }
  }

  #end(wait: Wait, settle: () => void): void {
    for (const id of wait.ids) this.#forget(wait, id);
    settle();
  }

  #forget(wait: Wait, id: string): void {
    const waits = this.#waits.get(id);
    waits?.delete(wait);
    if (waits?.size === 0) this.#waits.delete(id);
  }
}

function takenError(id: string): VectorStoreError {
  return new VectorStoreError(
    'SYNC_REJECTED',
    `The write of "${id}" was in a segment that is damaged and in quarantine: whether it reached the server is not ` +
      'known. Read the record: if it is not as it was written, write it again, or look for it in an export.',
  );
}
