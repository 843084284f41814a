/** Bytes of a stamp: 48-bit milliseconds, 16-bit counter, 64-bit device id, big-endian. */
export const STAMP_BYTES = 16;

/**
 * A hybrid logical clock (Kulkarni et al. 2014, "Logical Physical Clocks"): stamps follow wall time, never
 * repeat, and never go back, even if the wall clock does. Bytewise order is the order of writes.
 */
export class HybridClock {
  #milliseconds = 0;
  #counter = 0;
  readonly #device: Uint8Array;

  constructor(
    deviceId: string,
    last: string,
    private readonly now: () => number = Date.now,
  ) {
    this.#device = fromHex(deviceId);
    if (last !== '') this.witness(fromHex(last));
  }

  /** Advances the clock and returns its new stamp. */
  next(): Uint8Array<ArrayBuffer> {
    const wall = Math.max(0, Math.floor(this.now()));
    if (wall > this.#milliseconds) {
      this.#milliseconds = wall;
      this.#counter = 0;
    } else if (++this.#counter > 0xffff) {
      this.#milliseconds++;
      this.#counter = 0;
    }
    return this.last();
  }

  /** The stamp handed out last. */
  last(): Uint8Array<ArrayBuffer> {
    const stamp = new Uint8Array(STAMP_BYTES);
    const view = new DataView(stamp.buffer);
    view.setUint16(0, Math.floor(this.#milliseconds / 2 ** 32));
    view.setUint32(2, this.#milliseconds >>> 0);
    view.setUint16(6, this.#counter);
    stamp.set(this.#device, 8);
    return stamp;
  }

  /** Makes all later stamps greater than this one. */
  witness(stamp: Uint8Array): void {
    const view = new DataView(stamp.buffer, stamp.byteOffset);
    const milliseconds = view.getUint16(0) * 2 ** 32 + view.getUint32(2);
    const counter = view.getUint16(6);
    if (milliseconds > this.#milliseconds) {
      this.#milliseconds = milliseconds;
      this.#counter = counter;
    } else if (milliseconds === this.#milliseconds && counter > this.#counter) {
      this.#counter = counter;
    }
  }
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}
