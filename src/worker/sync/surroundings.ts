import type { Entry, Stamp, WithVector } from '../../shared/sync/protocol.js';
import type { Conflict, Lost } from './mirror.js';

// What a replicator is given besides the transport and the mirror, so that tests decide about time, chance and network.

export interface Clock {
  /** Milliseconds since 1970 by this device, right or wrong. */
  now(): number;
  /** Milliseconds that never go back. */
  elapsed(): number;
  /** Resolves after so many milliseconds (`Infinity`: never by itself), or as soon as the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface Network {
  readonly online: boolean;
  /** @returns ends it */
  onChange(listener: () => void): () => void;
}

/** A record that takes the place of both sides of a conflict. */
export type Merged = WithVector<Omit<Entry, 'stamp'>>;

export interface ConflictHandler {
  /** Under compare-and-set; `'remote'`: the server's record stays, and the local one is lost. */
  merge(conflict: Conflict): Promise<Merged | 'remote'>;
  lost(lost: readonly Lost[]): void;
}

/** The device's clock, and its sleep by timers. */
export const deviceClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      // Longer ones would end at once.
      const timer = milliseconds < 2 ** 31 ? setTimeout(end, milliseconds) : undefined;
      signal.addEventListener('abort', end, { once: true });
      function end() {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
    }),
};

/** Milliseconds since 1970 of a stamp. */
export const stampTime = (stamp: Stamp) => Number.parseInt(stamp.slice(0, 12), 16);
/** Who made it: the last 16 digits. */
export const stampDevice = (stamp: Stamp) => stamp.slice(16);
