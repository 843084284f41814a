import { VectorStoreError } from '../../shared/errors.js';
import { Backoff } from '../sync/backoff.js';
import type { Clock } from '../sync/surroundings.js';
import type { SyncTransport } from '../sync/transport.js';

/** Hints of one write come from several shards. */
const TOGETHER_MS = 50;

/**
 * Calls back after changes of which a server hints, once for those that come together, and after the stream was
 * interrupted. Resolves after the signal has aborted, or once the collection is gone.
 */
export async function watchHints(
  transport: Pick<SyncTransport, 'hints'>,
  clock: Clock,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(Math.random);
  let isWaiting = false;
  let wasOpen = false;
  const hinted = () => {
    if (isWaiting) return;
    isWaiting = true;
    void clock.sleep(TOGETHER_MS, signal).then(() => {
      isWaiting = false;
      if (!signal.aborted) onChange();
    });
  };
  const onOpen = () => {
    backoff.reset();
    if (wasOpen) hinted();
    wasOpen = true;
  };
  while (!signal.aborted) {
    let wait: number | undefined;
    try {
      await transport.hints(hinted, onOpen, signal);
    } catch (error) {
      if (error instanceof VectorStoreError) {
        if (error.code === 'SYNC_REJECTED') return;
        wait = error.retryAfterMs;
      }
    }
    await clock.sleep(backoff.next(wait), signal);
  }
}
