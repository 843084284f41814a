import { abortedError, VectorStoreError } from '../../shared/errors.js';
import type { UntypedFilter } from '../../shared/filter-types.js';
import { MAX_BODY_BYTES } from '../../shared/sync/protocol.js';
import type { RemoteWriteResult } from '../../shared/sync/remote.js';
import { packRemoteWrite } from '../../shared/sync/remote-requests.js';
import type { Progress } from '../../shared/types.js';
import { Backoff } from '../sync/backoff.js';
import type { Clock } from '../sync/surroundings.js';
import { getAll, LONGEST_WAIT_MS, type Reads } from './patient-reads.js';
import type { RemoteCalls } from './remote-calls.js';
import type { RemoteClock } from './remote-clock.js';
import { endedEarly, isDone, oversizedError, refusal } from './write-errors.js';
import { requestsOf, type WriteContent, type WriteItems } from './write-items.js';

const TRIES = 3;

export interface WriterParts {
  readonly calls: Pick<RemoteCalls, 'write'>;
  readonly reads: Pick<Reads, 'get'>;
  readonly stamps: RemoteClock;
  /** Waits between tries. */
  readonly clock: Clock;
}

export interface WriterOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** What one request has come to, after some tries. */
interface Sent {
  readonly results: RemoteWriteResult[];
  /** Of the answers. */
  readonly count: number;
  readonly fault?: VectorStoreError;
  /** A try was not answered. */
  readonly isUncertain: boolean;
}

/** Writes to a collection that is on servers alone (SPEC, O8). */
export class RemoteWriter {
  constructor(
    private readonly parts: WriterParts,
    private readonly onApplied: (kind: 'upsert' | 'delete', ids: readonly string[], count: number) => void,
  ) {}

  /** Resolves to how many records were written, or deleted. */
  async write(items: WriteItems, { signal, onProgress }: WriterOptions): Promise<number> {
    refuseOversized(items);
    const requests = [...requestsOf(items)];
    if (requests.length > 1) await this.#lookUp(items, requests, signal);
    const results = new Map<number, RemoteWriteResult>();
    const total = items.ids.length;
    onProgress({ done: 0, total });
    for (const positions of requests) {
      const sent = await this.#send(
        positions.length,
        (open) => items.content(open.map((i) => positions[i]!)),
        signal,
      );
      for (const [i, position] of positions.entries()) {
        const result = sent.results[i];
        if (result !== undefined) results.set(position, result);
      }
      this.#tell(items, positions, sent);
      if (sent.fault !== undefined || !sent.results.every((result) => isDone(items, result)))
        throw this.#fault(items, results, sent);
      onProgress({ done: results.size, total });
    }
    return [...results.values()].filter(({ status }) => status === 'ok').length;
  }

  /** Resolves to how many were deleted. */
  async deleteWhere(filter: UntypedFilter, signal: AbortSignal): Promise<number> {
    const content = { mode: 'delete-where', filter } as const;
    const { count, results, fault, isUncertain } = await this.#send(undefined, () => content, signal);
    if (count > 0) this.onApplied('delete', [], count);
    const bad = results.find(({ status }) => status !== 'ok');
    if (fault === undefined && bad === undefined) return count;
    if (fault !== undefined && count === 0 && !isUncertain) throw fault;
    const why = fault?.message ?? ('message' in bad! ? bad.message : `A shard has answered ${bad!.status}.`);
    throw new VectorStoreError(
      fault?.code ?? 'SERVER_UNAVAILABLE',
      `${count} records were deleted, and others that pass the filter may be left: ${why} A delete is atomic for each shard of a collection, not as a whole. Repeat the call, which is harmless.`,
      { outcome: 'unknown', ...(fault !== undefined && { cause: fault }) },
    );
  }

  #fault(
    items: WriteItems,
    results: ReadonlyMap<number, RemoteWriteResult>,
    { fault, isUncertain }: Sent,
  ): VectorStoreError {
    const done = [...results.values()];
    const isUntouched = !isUncertain && done.every(({ status }) => isRefusal(status));
    if (isUntouched && fault !== undefined && done.length === 0) return fault;
    if (isUntouched && fault === undefined) {
      const refusing = [...results].filter(([, { status }]) => status === 'exists' || status === 'absent');
      if (refusing.length > 0)
        return refusal(
          items,
          refusing.map(([position]) => position),
        );
    }
    return endedEarly({ items, results, fault, isUncertain });
  }

  /** So that what refuses the whole is found before anything is written. */
  async #lookUp(items: WriteItems, requests: readonly number[][], signal: AbortSignal): Promise<void> {
    if (items.mode !== 'insert' && items.mode !== 'set-metadata') return;
    const refusing: number[] = [];
    for (const positions of requests) {
      const ids = positions.map((i) => items.ids[i]!);
      const { found } = await getAll(this.parts.reads, ids, false, signal);
      refusing.push(...positions.filter((_, i) => found[i] === (items.mode === 'insert')));
    }
    if (refusing.length > 0) throw refusal(items, refusing);
  }

  #tell({ mode, ids }: WriteItems, positions: readonly number[], { results }: Sent): void {
    const applied = positions.filter((_, i) => results[i]?.status === 'ok').map((position) => ids[position]!);
    if (applied.length > 0) this.onApplied(mode === 'delete' ? 'delete' : 'upsert', applied, applied.length);
  }

  /**
   * One request under one stamp; what was not answered is sent again, as far as that may help.
   *
   * @param positions how many there are; undefined: the request is one whole, and has a result for each shard
   * @param content of the positions that are open
   */
  async #send(
    positions: number | undefined,
    content: (open: readonly number[]) => WriteContent,
    signal: AbortSignal,
  ): Promise<Sent> {
    const { calls, stamps, clock } = this.parts;
    if (signal.aborted)
      return { results: [], count: 0, fault: abortedError(signal.reason), isUncertain: false };
    const backoff = new Backoff(Math.random);
    let stamp = stamps.next();
    let repeated = false;
    let count = 0;
    let results: RemoteWriteResult[] = [];
    let open = Array.from({ length: positions ?? 0 }, (_, i) => i);
    for (let left = TRIES - 1; ; left--) {
      let wait: number | undefined;
      try {
        const request = { ...content(open), stamp, repeated, replicated: false };
        const answer = await calls.write(request, signal);
        stamps.correct(answer.time);
        count += answer.count;
        if (positions === undefined) results = [...answer.results];
        else for (const [i, at] of open.entries()) results[at] = answer.results[i]!;
        if (answer.results.some(({ status }) => status === 'future')) {
          if (left === 0) return { results, count, isUncertain: repeated };
          stamps.beginAgain(answer.time);
          stamp = stamps.next();
          repeated = false;
          continue;
        }
        open = open.filter((at) => results[at]!.status === 'unavailable');
        const isOpen = results.some(({ status }) => status === 'unavailable');
        // What refuses it now may be what an earlier try has written, or have come after that.
        const isUncertain = isOpen || (repeated && results.some(({ status }) => isRefusal(status)));
        if (!isOpen || left === 0) return { results, count, isUncertain };
      } catch (error) {
        if (!(error instanceof VectorStoreError)) throw error;
        const mayHaveArrived = repeated || signal.aborted || error.code === 'SERVER_UNAVAILABLE';
        const isWorthAnother = error.code === 'SERVER_UNAVAILABLE' && left > 0;
        if (!isWorthAnother || (error.retryAfterMs ?? 0) > LONGEST_WAIT_MS)
          return { results, count, fault: error, isUncertain: mayHaveArrived };
        wait = error.retryAfterMs;
      }
      repeated = true;
      await clock.sleep(backoff.next(wait), signal);
    }
  }
}

function isRefusal(status: RemoteWriteResult['status']): boolean {
  return status === 'exists' || status === 'absent' || status === 'skipped';
}

function refuseOversized(items: WriteItems): void {
  const oversized = items.ids.flatMap((_, i) => {
    // What is near the bound is packed as it is sent.
    if (items.bytes(i) <= MAX_BODY_BYTES / 2) return [];
    const bytes = packRemoteWrite({
      ...items.content([i]),
      collection: '0'.repeat(32),
      stamp: '0'.repeat(32),
      repeated: true,
      replicated: true,
    }).length;
    return bytes > MAX_BODY_BYTES ? [[i, bytes] as const] : [];
  });
  if (oversized.length > 0) throw oversizedError(items, oversized);
}
