/** FNV-1a, 32 bit (http://www.isthe.com/chongo/tech/comp/fnv/): begin with this, then `hashed` byte by byte. */
export const HASH_START = 0x811c9dc5;

export function hashed(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/**
 * Numbers distinct words, as UTF-8, from 0 in the order they come: open addressing, at most half full. A Map of strings
 * would need a string for each occurrence.
 */
export class WordTable {
  /** All words, one after the other; what is beyond the last one is the word that is being written. */
  #bytes = new Uint8Array(1 << 12);
  #ends = new Uint32Array(1 << 8);
  #count = 0;
  /** Word + 1, or 0 where the place is free. */
  #places = new Int32Array(1 << 9);
  #writtenTo = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes.byteLength + this.#ends.byteLength + this.#places.byteLength;
  }

  /** Adds a byte to the word that is being written. */
  write(byte: number): void {
    if (this.#writtenTo === this.#bytes.length) this.#bytes = grown(this.#bytes);
    this.#bytes[this.#writtenTo++] = byte;
  }

  /** The number of the word that was written, a new one if need be. */
  finish(hash: number): number {
    const start = this.#startOf(this.#count);
    const place = this.#placeOf(hash, this.#bytes, start, this.#writtenTo);
    const known = this.#places[place]! - 1;
    if (known >= 0) {
      this.#writtenTo = start;
      return known;
    }
    const word = this.#count++;
    if (word === this.#ends.length) this.#ends = grown(this.#ends);
    this.#ends[word] = this.#writtenTo;
    this.#places[place] = word + 1;
    if (this.#count * 2 > this.#places.length) this.#rehash();
    return word;
  }

  /** −1 where it is not there. */
  find(word: Uint8Array): number {
    return this.#places[this.#placeOf(hashOf(word, 0, word.length), word, 0, word.length)]! - 1;
  }

  /** Gives back what was reserved for more words. */
  shrink(): void {
    this.#bytes = this.#bytes.slice(0, this.#writtenTo);
    this.#ends = this.#ends.slice(0, this.#count);
  }

  #placeOf(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#places.length - 1;
    let place = spread(hash) & mask;
    while (this.#places[place] !== 0 && !this.#isWord(this.#places[place]! - 1, bytes, start, end)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  #isWord(word: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#startOf(word);
    if (this.#ends[word]! - from !== end - start) return false;
    const own = this.#bytes;
    for (let i = 0; i < end - start; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #startOf(word: number): number {
    return word === 0 ? 0 : this.#ends[word - 1]!;
  }

  #rehash(): void {
    this.#places = new Int32Array(this.#places.length * 2);
    const mask = this.#places.length - 1;
    for (let word = 0; word < this.#count; word++) {
      let place = spread(hashOf(this.#bytes, this.#startOf(word), this.#ends[word]!)) & mask;
      while (this.#places[place] !== 0) place = (place + 1) & mask;
      this.#places[place] = word + 1;
    }
  }
}

/** The low bits of FNV-1a depend on the low bits of the bytes alone. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START;
  for (let i = start; i < end; i++) hash = hashed(hash, bytes[i]!);
  return hash;
}

function grown<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}
