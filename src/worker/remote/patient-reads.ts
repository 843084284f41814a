import { VectorStoreError } from '../../shared/errors.js';
import { MAX_OPERATIONS } from '../../shared/sync/protocol.js';
import type { RecordsOnWire } from '../../shared/worker-api.js';
import { Backoff } from '../sync/backoff.js';
import type { Clock } from '../sync/surroundings.js';
import type { RemoteCalls } from './remote-calls.js';

/** A server that asks for more is left alone. */
export const LONGEST_WAIT_MS = 5_000;

export type Reads = Pick<RemoteCalls, 'query' | 'get' | 'list' | 'count'>;

/** Which of these ids are there, and their records in parts: an answer may be about the first ones alone. */
export async function getAll(
  reads: Pick<Reads, 'get'>,
  ids: readonly string[],
  includeVectors: boolean,
  signal: AbortSignal,
): Promise<{ found: boolean[]; parts: RecordsOnWire[] }> {
  const found: boolean[] = [];
  const parts: RecordsOnWire[] = [];
  while (found.length < ids.length) {
    const asked = ids.slice(found.length, found.length + MAX_OPERATIONS);
    const part = await reads.get({ ids: asked, includeVectors }, signal);
    found.push(...part.found);
    parts.push(part.records);
  }
  return { found, parts };
}

/** Reads that no server has answered are tried once more, since there is nothing here that could answer instead. */
export function patientReads(calls: Reads, clock: Clock): Reads {
  const patient =
    <A, T>(read: (asked: A, signal: AbortSignal) => Promise<T>) =>
    async (asked: A, signal: AbortSignal): Promise<T> => {
      try {
        return await read(asked, signal);
      } catch (error) {
        if (!(error instanceof VectorStoreError) || error.code !== 'SERVER_UNAVAILABLE') throw error;
        if ((error.retryAfterMs ?? 0) > LONGEST_WAIT_MS) throw error;
        await clock.sleep(new Backoff(Math.random).next(error.retryAfterMs), signal);
        return read(asked, signal);
      }
    };
  return {
    query: patient((asked, signal) => calls.query(asked, signal)),
    get: patient((asked, signal) => calls.get(asked, signal)),
    list: patient((asked, signal) => calls.list(asked, signal)),
    count: patient((asked, signal) => calls.count(asked, signal)),
  };
}
