import { HybridClock, toHex } from '../../shared/stamp.js';
import type { Stamp } from '../../shared/sync/protocol.js';

const DEVICE_BYTES = 8;

/** Stamps for writes of a store that keeps nothing: by the server's clock, as far as it is known. */
export class RemoteClock {
  #offsetMs = 0;
  #clock: HybridClock;

  constructor(private readonly now: () => number = Date.now) {
    this.#clock = this.#begin();
  }

  next(): Stamp {
    return toHex(this.#clock.next());
  }

  /** @param serverTime milliseconds since 1970, as an answer says that has just come */
  correct(serverTime: number): void {
    this.#offsetMs = serverTime - this.now();
  }

  /** What it has given is too far ahead. Under another device's name, so that no stamp is given twice. */
  beginAgain(serverTime: number): void {
    this.correct(serverTime);
    this.#clock = this.#begin();
  }

  #begin(): HybridClock {
    const device = toHex(crypto.getRandomValues(new Uint8Array(DEVICE_BYTES)));
    return new HybridClock(device, '', () => this.now() + this.#offsetMs);
  }
}
