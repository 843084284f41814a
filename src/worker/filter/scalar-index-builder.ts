import type { JsonScalar } from '../../shared/filter-types.js';
import { Slice } from '../slices.js';
import { sortedOrder } from '../sorted-order.js';
import { FIRST_NUMBER, FIXED_CODES, ScalarIndex } from './scalar-index.js';

/** Steps of a loop between two looks at the clock. */
const STEPS = 8192;

/** Browsers keep a string without these at one byte a unit. */
const WIDE_UNIT = /[\u0100-\uffff]/;

/** Takes scalars row by row, in the order of rows. */
export class ScalarIndexBuilder {
  /** Scalars in the order in which they came. −0 is 0 to a Map, too. */
  readonly #codes = new Map<JsonScalar, number>();
  readonly #lastRows: number[] = [];
  readonly #numbers: number[] = [];
  readonly #numberCodes: number[] = [];
  readonly #strings: string[] = [];
  readonly #stringCodes: number[] = [];
  /** Entry i: scalar `#entryCodes[i]` is in row `#entryRows[i]`. */
  readonly #entryCodes: number[] = [];
  readonly #entryRows: number[] = [];
  #textLength = 0;
  #isWide = false;

  /** What the index will take. */
  get bytes(): number {
    const { length } = this.#entryRows;
    return (
      4 * (length + this.#codes.size + this.#strings.length) + 8 * this.#numbers.length + this.#textBytes
    );
  }

  add(row: number, scalar: JsonScalar): void {
    const code = this.#codes.get(scalar) ?? this.#intern(scalar);
    if (this.#lastRows[code] === row) return;
    this.#lastRows[code] = row;
    this.#entryCodes.push(code);
    this.#entryRows.push(row);
  }

  async finish(): Promise<ScalarIndex> {
    const slice = new Slice();
    const finalCodes = new Uint32Array(this.#codes.size);
    for (const [scalar, code] of FIXED_CODES) {
      const own = this.#codes.get(scalar);
      if (own !== undefined) finalCodes[own] = code;
    }
    let next = FIRST_NUMBER;
    const numbers = new Float64Array(this.#numbers.length);
    for (const [i, at] of (await sortedOrder(this.#numbers)).entries()) {
      numbers[i] = this.#numbers[at]!;
      finalCodes[this.#numberCodes[at]!] = next++;
      if (i % STEPS === 0 && slice.isOver()) await slice.next();
    }
    const textStarts = new Uint32Array(this.#strings.length + 1);
    const texts: string[] = [];
    let batch: string[] = [];
    for (const [i, at] of (await sortedOrder(this.#strings)).entries()) {
      const string = this.#strings[at]!;
      textStarts[i + 1] = textStarts[i]! + string.length;
      finalCodes[this.#stringCodes[at]!] = next++;
      batch.push(string);
      if (batch.length < STEPS) continue;
      texts.push(batch.join(''));
      batch = [];
      if (slice.isOver()) await slice.next();
    }
    texts.push(batch.join(''));
    const postings = await this.#postings(finalCodes, next, slice);
    return new ScalarIndex({
      numbers,
      text: texts.join(''),
      textBytes: this.#textBytes,
      textStarts,
      ...postings,
    });
  }

  /** Entries in the order of their final codes, within one in the order of rows. */
  async #postings(finalCodes: Uint32Array, codes: number, slice: Slice) {
    const entries = this.#entryRows.length;
    const starts = new Uint32Array(codes + 1);
    for (let i = 0; i < entries; i++) {
      starts[finalCodes[this.#entryCodes[i]!]! + 1]!++;
      if (i % STEPS === 0 && slice.isOver()) await slice.next();
    }
    for (let code = 0; code < codes; code++) starts[code + 1]! += starts[code]!;
    const ends = starts.slice();
    const rows = new Uint32Array(entries);
    for (let i = 0; i < entries; i++) {
      rows[ends[finalCodes[this.#entryCodes[i]!]!]!++] = this.#entryRows[i]!;
      if (i % STEPS === 0 && slice.isOver()) await slice.next();
    }
    return { starts, rows };
  }

  get #textBytes(): number {
    return this.#isWide ? 2 * this.#textLength : this.#textLength;
  }

  #intern(scalar: JsonScalar): number {
    const code = this.#codes.size;
    this.#codes.set(scalar, code);
    this.#lastRows.push(-1);
    if (typeof scalar === 'number') {
      this.#numbers.push(scalar);
      this.#numberCodes.push(code);
    } else if (typeof scalar === 'string') {
      this.#strings.push(scalar);
      this.#stringCodes.push(code);
      this.#textLength += scalar.length;
      this.#isWide ||= WIDE_UNIT.test(scalar);
    }
    return code;
  }
}
