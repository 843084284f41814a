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
    setMilliseconds(stamp, this.#milliseconds);
    new DataView(stamp.buffer).setUint16(6, this.#counter);
    stamp.set(this.#device, 8);
    return stamp;
  }

  /** Goes on from this stamp, be it earlier than those handed out. */
  set(stamp: Uint8Array): void {
    this.#milliseconds = millisecondsOf(stamp);
    this.#counter = counterOf(stamp);
  }

  /** Makes all later stamps greater than this one. */
  witness(stamp: Uint8Array): void {
    const milliseconds = millisecondsOf(stamp);
    const counter = counterOf(stamp);
    if (milliseconds > this.#milliseconds) {
      this.#milliseconds = milliseconds;
      this.#counter = counter;
    } else if (milliseconds === this.#milliseconds && counter > this.#counter) {
      this.#counter = counter;
    }
  }
}

/** Since 1970. */
export function millisecondsOf(stamp: Uint8Array): number {
  const view = new DataView(stamp.buffer, stamp.byteOffset);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}

/** Leaves the rest of the stamp alone. */
export function setMilliseconds(stamp: Uint8Array, milliseconds: number): void {
  const view = new DataView(stamp.buffer, stamp.byteOffset);
  view.setUint16(0, Math.floor(milliseconds / 2 ** 32));
  view.setUint32(2, milliseconds >>> 0);
}

function counterOf(stamp: Uint8Array): number {
  return new DataView(stamp.buffer, stamp.byteOffset).getUint16(6);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (let i = 0; i < bytes.length; i++) hex += HEX[bytes[i]!];
  return hex;
}

export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}
