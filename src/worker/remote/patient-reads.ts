import { VectorStoreError } from '../../shared/errors.js';
import { Backoff } from '../sync/backoff.js';
import type { Clock } from '../sync/surroundings.js';
import type { RemoteCalls } from './remote-calls.js';

/** A server that asks for more is left alone. */
export const LONGEST_WAIT_MS = 5_000;

export type Reads = Pick<RemoteCalls, 'query' | 'get' | 'list' | 'count'>;

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
