import { fullDiskError, tooLargeError } from './quota-errors.js';

/** What the browser says of this origin, in bytes. */
export interface Estimate {
  readonly usage: number;
  readonly quota: number;
}

/** `navigator.storage.estimate()`; undefined where it is missing, fails or says nothing. */
export async function browserEstimate(): Promise<Estimate | undefined> {
  const estimate = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  const { usage, quota } = estimate ?? {};
  return usage === undefined || quota === undefined ? undefined : { usage, quota };
}

/** How old an estimate may be for a commit that takes little of what is left. */
const FRESH_MS = 10_000;
/** What is little: a quarter of what is allowed, so that one that grows old under many such commits cannot mislead. */
const LITTLE = 1 / 4;
/**
 * What adding records leaves of the quota, or half of it. Firefox writes to SQLite's log first, and copies up to 5 MB of
 * it into the database once it is idle: where these fill the quota, it refuses every later transaction, removals, too.
 */
const HEADROOM_BYTES = 6 << 20;
/** How long bytes written are counted although estimates do not show them. */
const STALE_MS = 60_000;

interface Known extends Estimate {
  readonly at: number;
  /** Bytes written and freed here, as they were then. */
  readonly written: number;
  readonly freed: number;
}

/**
 * What is left of the quota, as far as it can be known here: estimates may be stale by hundreds of megabytes, so what
 * this worker writes is counted beside them.
 */
export class Room {
  #latest: Known | undefined;
  /** An older one, and what was done since: usage is at least that. */
  #base: Known | undefined;
  #written = 0;
  #freed = 0;

  constructor(
    private readonly estimate: () => Promise<Estimate | undefined> = browserEstimate,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Rejects with `QUOTA_EXCEEDED` where a transaction of so many bytes would take more than half of what is left, or, if
   * it adds records, would leave too little to delete and compact.
   */
  async check(bytes: number, isAdding = false): Promise<void> {
    const known = this.#latest;
    const isFresh = known !== undefined && this.now() - known.at < FRESH_MS;
    if (isFresh && bytes <= this.#mostOf(known, isAdding) * LITTLE) return;
    const latest = await this.#renew();
    if (latest === undefined || bytes <= this.#mostOf(latest, isAdding)) return;
    throw tooLargeError(bytes, this.#left(latest), latest.quota);
  }

  /** Counts what a commit has written, and the bytes of what it has removed. */
  note(written: number, freed: number): void {
    this.#written += written;
    this.#freed += freed;
  }

  /** What a commit of so many bytes rejects with that the browser has refused. */
  async refused(bytes: number, cause: unknown): Promise<Error> {
    const latest = await this.#renew();
    const told = latest === undefined ? bytes : this.#left(latest);
    // The newer QuotaExceededError has the limit; estimates of Chromium hide it.
    const { quota } = (cause ?? {}) as { quota?: number | null };
    const limit =
      latest === undefined || typeof quota !== 'number' ? told : Math.max(0, quota - latest.usage);
    return fullDiskError(bytes, Math.min(told, limit, bytes), cause);
  }

  #mostOf(known: Known, isAdding: boolean): number {
    const left = this.#left(known);
    return isAdding ? Math.min(left / 2, left - Math.min(HEADROOM_BYTES, known.quota / 2)) : left / 2;
  }

  #left({ usage, quota, written }: Known): number {
    const base = this.#base!;
    const counted = base.usage + (this.#written - base.written) - (this.#freed - base.freed);
    return Math.max(0, quota - Math.max(usage + this.#written - written, counted));
  }

  async #renew(): Promise<Known | undefined> {
    // Counted from before: what is written meanwhile may not be in the answer.
    const [written, freed] = [this.#written, this.#freed];
    const estimate = await this.estimate();
    this.#latest = estimate && { ...estimate, at: this.now(), written, freed };
    if (this.#base === undefined || this.now() - this.#base.at > STALE_MS) this.#base = this.#latest;
    return this.#latest;
  }
}
