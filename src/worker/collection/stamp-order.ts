import { STAMP_BYTES } from '../../shared/stamp.js';
import { type Bitmap, hasBit } from '../bitmap.js';
import { sortedOrder } from '../sorted-order.js';

/**
 * Rows of one segment from the oldest to the youngest, by their stamps' time; equal ones in the order of rows. Rows only
 * die, so those that are dead at the beginning are passed over once and for all.
 */
export class StampOrder {
  #first = 0;

  private constructor(
    private readonly milliseconds: Float64Array,
    private readonly counters: Uint16Array,
    /** Undefined: the rows are in that order. */
    private readonly order: Uint32Array | undefined,
  ) {}

  /** @param stamps 16 bytes a row */
  static async from(stamps: Uint8Array): Promise<StampOrder> {
    const rows = stamps.length / STAMP_BYTES;
    const view = new DataView(stamps.buffer, stamps.byteOffset);
    const milliseconds = new Float64Array(rows);
    const counters = new Uint16Array(rows);
    let oldest = Number.POSITIVE_INFINITY;
    for (let row = 0; row < rows; row++) {
      const at = row * STAMP_BYTES;
      milliseconds[row] = view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
      counters[row] = view.getUint16(at + 6);
      oldest = Math.min(oldest, milliseconds[row]!);
    }
    // Exact as long as a segment spans less than four years.
    const ages = Array.from(milliseconds, (each, row) => (each - oldest) * 2 ** 16 + counters[row]!);
    const isInOrder = ages.every((age, row) => row === 0 || ages[row - 1]! <= age);
    return new StampOrder(milliseconds, counters, isInOrder ? undefined : await sortedOrder(ages));
  }

  get bytes(): number {
    const { milliseconds, counters, order } = this;
    return milliseconds.byteLength + counters.byteLength + (order?.byteLength ?? 0);
  }

  /** The rows that are neither dead nor in `without`, oldest first. */
  *living(dead: Bitmap | undefined, without: ReadonlySet<number>): Generator<number, undefined> {
    const rows = this.counters.length;
    const isDead = (place: number) => dead !== undefined && hasBit(dead, this.#rowAt(place));
    while (this.#first < rows && isDead(this.#first)) this.#first++;
    for (let place = this.#first; place < rows; place++) {
      const row = this.#rowAt(place);
      if (!isDead(place) && !without.has(row)) yield row;
    }
    return undefined;
  }

  /** Whether its row is older than the other's; not if they are of one age. */
  isOlder(row: number, other: StampOrder, otherRow: number): boolean {
    const difference = this.milliseconds[row]! - other.milliseconds[otherRow]!;
    return difference < 0 || (difference === 0 && this.counters[row]! < other.counters[otherRow]!);
  }

  #rowAt(place: number): number {
    return this.order === undefined ? place : this.order[place]!;
  }
}
