import { Slice } from '../slices.js';
import { HASH_START, hashed, WordTable } from './word-table.js';
import { ASCII_FOLDED, wordsOf } from './words.js';

/** A word is counted up to this often in a row: BM25 has long levelled off. */
const MAX_COUNT = 65_535;

/** The rows that have a word, ascending, and how often each has it. */
export interface Posting {
  readonly rows: Uint32Array;
  readonly counts: Uint16Array;
}

/** Which rows of a segment have which words, dead ones included. */
export class KeywordIndex {
  constructor(
    private readonly words: WordTable,
    /** words + 1: the postings of word w are [starts[w], starts[w + 1]). */
    private readonly starts: Uint32Array,
    private readonly rows: Uint32Array,
    private readonly counts: Uint16Array,
    /** Words in each row. */
    readonly lengths: Uint32Array,
  ) {}

  get bytes(): number {
    const { words, starts, rows, counts, lengths } = this;
    return words.bytes + starts.byteLength + rows.byteLength + counts.byteLength + lengths.byteLength;
  }

  /** @param word as UTF-8 */
  posting(word: Uint8Array): Posting | undefined {
    const found = this.words.find(word);
    if (found === -1) return undefined;
    const [from, to] = [this.starts[found]!, this.starts[found + 1]!];
    return { rows: this.rows.subarray(from, to), counts: this.counts.subarray(from, to) };
  }
}

/** Indexes rows one after the other. */
export class KeywordIndexBuilder {
  readonly #words = new WordTable();
  /** The words of all rows, by number. */
  #tokens = new Uint32Array(1 << 12);
  #count = 0;
  readonly #rowEnds: Uint32Array;
  #row = 0;

  constructor(private readonly rows: number) {
    this.#rowEnds = new Uint32Array(rows);
  }

  /** Adds a text to the current row. ASCII is read without making strings. */
  addText(bytes: Uint8Array): void {
    if (!this.#addAscii(bytes)) this.addString(decoder.decode(bytes));
  }

  addString(text: string): void {
    for (const word of wordsOf(text)) {
      let hash = HASH_START;
      for (const byte of encoder.encode(word)) {
        this.#words.write(byte);
        hash = hashed(hash, byte);
      }
      this.#push(this.#words.finish(hash));
    }
  }

  endRow(): void {
    this.#rowEnds[this.#row++] = this.#count;
  }

  async finish(): Promise<KeywordIndex> {
    const slice = new Slice();
    const words = this.#words.count;
    this.#words.shrink();
    const tokens = this.#tokens.subarray(0, this.#count);
    const starts = new Uint32Array(words + 1);
    const lengths = new Uint32Array(this.rows);
    /** Row + 1 that a word was last seen in. */
    const seen = new Uint32Array(words);
    for (let row = 0, at = 0; row < this.rows; row++) {
      const end = this.#rowEnds[row]!;
      lengths[row] = end - at;
      for (; at < end; at++) {
        const word = tokens[at]!;
        if (seen[word] === row + 1) continue;
        seen[word] = row + 1;
        starts[word + 1]!++;
      }
      if ((row & 1023) === 1023 && slice.isOver()) await slice.next();
    }
    for (let word = 0; word < words; word++) starts[word + 1]! += starts[word]!;
    const rows = new Uint32Array(starts[words]!);
    const counts = new Uint16Array(rows.length);
    const next = starts.slice(0, words);
    seen.fill(0);
    for (let row = 0, at = 0; row < this.rows; row++) {
      for (const end = this.#rowEnds[row]!; at < end; at++) {
        const word = tokens[at]!;
        if (seen[word] !== row + 1) {
          seen[word] = row + 1;
          rows[next[word]!++] = row;
        }
        const place = next[word]! - 1;
        if (counts[place]! < MAX_COUNT) counts[place]!++;
      }
      if ((row & 1023) === 1023 && slice.isOver()) await slice.next();
    }
    return new KeywordIndex(this.#words, starts, rows, counts, lengths);
  }

  /** False, with nothing added, where the text is not ASCII. */
  #addAscii(bytes: Uint8Array): boolean {
    const { length } = bytes;
    for (let i = 0; i < length; i++) if (bytes[i]! > 0x7f) return false;
    const words = this.#words;
    let hash = HASH_START;
    let isIn = false;
    for (let i = 0; i < length; i++) {
      const folded = ASCII_FOLDED[bytes[i]!]!;
      if (folded !== 0) {
        words.write(folded);
        hash = hashed(hash, folded);
        isIn = true;
      } else if (isIn) {
        this.#push(words.finish(hash));
        hash = HASH_START;
        isIn = false;
      }
    }
    if (isIn) this.#push(words.finish(hash));
    return true;
  }

  #push(word: number): void {
    if (this.#count === this.#tokens.length) {
      const grown = new Uint32Array(this.#tokens.length * 2);
      grown.set(this.#tokens);
      this.#tokens = grown;
    }
    this.#tokens[this.#count++] = word;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
