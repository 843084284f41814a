import { HINT_HEARTBEAT_MS, type Hint } from '../shared/sync/protocol.js';
import { HttpError, overloadedError } from './http/http-error.js';

/** Of one tenant in one instance. */
const MAX_PER_TENANT = 1_000;
/** A stream ends with its token, and after an hour: clients open another, perhaps at another instance. */
const MAX_AGE_MS = 3_600_000;

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(':\n\n');

export interface HintStreamsOptions {
  readonly heartbeatMs?: number;
  readonly onCount?: (by: 1 | -1) => void;
}

export interface HintSource {
  readonly tenant: string;
  /** Milliseconds since 1970 at which its token expires. */
  readonly expiresAt: number | undefined;
  /** Resolves when hints come. */
  subscribe(onHint: (hint: Hint) => void, signal: AbortSignal): Promise<void>;
}

/** The streams of hints of one server. */
export class HintStreams {
  readonly #open = new Set<() => void>();
  readonly #tenants = new Map<string, number>();
  readonly #heartbeatMs: number;
  readonly #onCount: (by: 1 | -1) => void;
  #isClosed = false;

  constructor({ heartbeatMs = HINT_HEARTBEAT_MS, onCount = () => {} }: HintStreamsOptions = {}) {
    this.#heartbeatMs = heartbeatMs;
    this.#onCount = onCount;
  }

  /** Server-sent events; resolves when hints come. Rejects with 429, 503, or as `subscribe` does. */
  async open({ tenant, expiresAt, subscribe }: HintSource): Promise<ReadableStream<Uint8Array>> {
    if (this.#isClosed) throw overloadedError('it is shutting down');
    const leave = this.#enter(tenant);
    const ended = new AbortController();
    const latest = new LatestHints();
    const end = () => {
      if (ended.signal.aborted) return;
      ended.abort();
      clearTimeout(expiry);
      this.#open.delete(end);
      leave();
      latest.wake();
    };
    this.#open.add(end);
    const life = Math.min(MAX_AGE_MS, (expiresAt ?? Number.POSITIVE_INFINITY) - Date.now());
    const expiry = setTimeout(end, Math.max(0, life));
    expiry.unref();
    try {
      await subscribe((hint) => latest.add(hint), ended.signal);
    } catch (error) {
      end();
      throw error;
    }
    return this.#stream(latest, ended.signal, end);
  }

  /** Ends all of them, and lets none begin. */
  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#open]) end();
  }

  #enter(tenant: string): () => void {
    const count = this.#tenants.get(tenant) ?? 0;
    if (count >= MAX_PER_TENANT) {
      throw new HttpError(
        429,
        'SERVER_UNAVAILABLE',
        `The tenant has ${count} streams of hints open here, as many as it may. Polling works without. Close some.`,
        60,
      );
    }
    this.#tenants.set(tenant, count + 1);
    this.#onCount(1);
    return () => {
      const left = this.#tenants.get(tenant)! - 1;
      if (left === 0) this.#tenants.delete(tenant);
      else this.#tenants.set(tenant, left);
      this.#onCount(-1);
    };
  }

  #stream(latest: LatestHints, ended: AbortSignal, end: () => void): ReadableStream<Uint8Array> {
    let isFirst = true;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          // At once, so that the head of the answer goes out.
          if (!isFirst && !ended.aborted) await latest.wait(this.#heartbeatMs);
          isFirst = false;
          if (ended.aborted) controller.close();
          else controller.enqueue(latest.take() ?? HEARTBEAT);
        },
        cancel: end,
      },
      // Asked for when the connection takes more: what comes meanwhile is coalesced.
      { highWaterMark: 0 },
    );
  }
}

/** The newest hint of each shard that has not been sent. */
class LatestHints {
  readonly #seqs = new Map<number, number>();
  #wake: (() => void) | undefined;

  add({ shard, seq }: Hint): void {
    if (seq > (this.#seqs.get(shard) ?? -1)) this.#seqs.set(shard, seq);
    this.wake();
  }

  /** Resolves when there is one, when woken, or after `milliseconds`. */
  async wait(milliseconds: number): Promise<void> {
    if (this.#seqs.size > 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  wake(): void {
    this.#wake?.();
  }

  /** All of them as events. */
  take(): Uint8Array | undefined {
    if (this.#seqs.size === 0) return undefined;
    const events = [...this.#seqs].map(([shard, seq]) => `data: ${JSON.stringify({ shard, seq })}\n\n`);
    this.#seqs.clear();
    return encoder.encode(events.join(''));
  }
}
