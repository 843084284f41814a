import { VectorStoreError } from '../../shared/errors.js';
import { type StringColumn, unpackString } from '../../shared/string-column.js';
import { hashBytes } from '../collection/id-table.js';

/**
 * The ids of one collection of a file, as 64 bits each: 12 to 24 bytes a record. Two of a million ids are taken for one
 * with a probability of 3e-8, and then the file is refused.
 */
export class IdSet {
  /** Two hashes a place, the second never 0; 0: free. */
  #places = new Uint32Array(2 * 1024);
  #count = 0;

  /** Throws `DUPLICATE_ID` where an id has been added before. */
  add(ids: StringColumn, collection: string): void {
    const { bytes, offsets } = ids;
    for (let row = 0; row < offsets.length - 1; row++) {
      const [start, end] = [offsets[row]!, offsets[row + 1]!];
      if (this.#insert(hashBytes(bytes, start, end), otherHash(bytes, start, end))) continue;
      throw new VectorStoreError(
        'DUPLICATE_ID',
        `The backup file has id ${JSON.stringify(unpackString(ids, row))} of collection "${collection}" twice. Which of the records should be kept is unclear. ` +
          'It was not written by this package as it is: take another copy of it.',
      );
    }
  }

  #insert(a: number, b: number): boolean {
    if (this.#count * 3 >= this.#places.length) this.#grow();
    const places = this.#places;
    const mask = places.length / 2 - 1;
    for (let place = a & mask; ; place = (place + 1) & mask) {
      const other = places[2 * place + 1]!;
      if (other === b && places[2 * place] === a) return false;
      if (other !== 0) continue;
      places[2 * place] = a;
      places[2 * place + 1] = b;
      this.#count++;
      return true;
    }
  }

  #grow(): void {
    const old = this.#places;
    this.#places = new Uint32Array(2 * old.length);
    this.#count = 0;
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) this.#insert(old[i]!, old[i + 1]!);
  }
}

/** Mixes as MurmurHash2 does (Austin Appleby, public domain). Never 0. */
function otherHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ bytes[i]!, 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  return hash >>> 0 || 1;
}
