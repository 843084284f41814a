import { millisecondsOf, setMilliseconds } from '../../../shared/stamp.js';
import { MAX_AHEAD_MS } from '../../../shared/sync/protocol.js';

/**
 * What a clock goes on from: its last stamp, or, where no server would take what comes after that, the time that the
 * server has.
 */
export function corrected(last: Uint8Array<ArrayBuffer>, serverNow: number): Uint8Array<ArrayBuffer> {
  return millisecondsOf(last) > serverNow + MAX_AHEAD_MS
    ? moved(last, serverNow - millisecondsOf(last))
    : last;
}

export function moved(stamp: Uint8Array<ArrayBuffer>, milliseconds: number): Uint8Array<ArrayBuffer> {
  const copy = stamp.slice();
  setMilliseconds(copy, Math.max(0, Math.floor(millisecondsOf(stamp) + milliseconds)));
  return copy;
}
