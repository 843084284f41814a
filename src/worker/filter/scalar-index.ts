import type { FieldTest } from '../../shared/filter-parse.js';
import type { JsonScalar } from '../../shared/filter-types.js';
import { type Bitmap, setBit } from '../bitmap.js';

/** Codes of the scalars that are always there; numbers follow in ascending order, then strings by code unit. */
export const FIXED_CODES: ReadonlyMap<JsonScalar, number> = new Map<JsonScalar, number>([
  [null, 0],
  [false, 1],
  [true, 2],
]);

export const FIRST_NUMBER = FIXED_CODES.size;

export interface ScalarIndexParts {
  /** Distinct and ascending. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The distinct strings, ascending and joined: one string takes a fraction of the memory of many. */
  readonly text: string;
  readonly textBytes: number;
  /** String i is text[textStarts[i], textStarts[i + 1]). */
  readonly textStarts: Uint32Array<ArrayBuffer>;
  /** The rows of code c, ascending, are rows[starts[c], starts[c + 1]). */
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly rows: Uint32Array<ArrayBuffer>;
}

/** An inverted index: which rows have which scalar. As the scalars are in order, what a range asks for is one run. */
export class ScalarIndex {
  readonly bytes: number;
  readonly #parts: ScalarIndexParts;
  readonly #firstString: number;
  readonly #codes: number;

  constructor(parts: ScalarIndexParts) {
    const { numbers, textBytes, textStarts, starts, rows } = parts;
    this.#parts = parts;
    this.#firstString = FIRST_NUMBER + numbers.length;
    this.#codes = starts.length - 1;
    this.bytes = numbers.byteLength + textBytes + textStarts.byteLength + starts.byteLength + rows.byteLength;
  }

  /** Adds the rows with a scalar that passes; a string that contains another is asked for by `addContaining`. */
  addPassing(found: Bitmap, test: Exclude<FieldTest, { op: 'exists' }>): void {
    switch (test.op) {
      case 'eq':
      case 'contains':
        this.#addEqual(found, test.operand);
        break;
      case 'in':
        for (const operand of test.operands) this.#addEqual(found, operand);
        break;
      case 'startsWith':
        this.#addBeginning(found, test.operand);
        break;
      default:
        this.#addOrdered(found, test.op, test.operand);
    }
  }

  /** Adds the rows with a string that has `part` inside it. */
  addContaining(found: Bitmap, part: string): void {
    if (part === '') {
      this.#addRun(found, this.#firstString, this.#codes);
      return;
    }
    const { text, textStarts } = this.#parts;
    let string = 0;
    let at = text.indexOf(part);
    while (at !== -1) {
      while (textStarts[string + 1]! <= at) string++;
      const end = textStarts[string + 1]!;
      // A find that reaches into the next string is none, and neither would be a later one in this string.
      if (at + part.length <= end)
        this.#addRun(found, this.#firstString + string, this.#firstString + string + 1);
      at = text.indexOf(part, end);
    }
  }

  #addEqual(found: Bitmap, operand: JsonScalar): void {
    let code = FIXED_CODES.get(operand);
    if (code === undefined) {
      const scalar = operand as number | string;
      code = this.#firstFrom(scalar);
      if (code === this.#endOf(scalar) || this.#scalar(code) !== scalar) return;
    }
    this.#addRun(found, code, code + 1);
  }

  #addOrdered(found: Bitmap, op: 'gt' | 'gte' | 'lt' | 'lte', operand: number | string): void {
    const bound = op === 'gte' || op === 'lt' ? this.#firstFrom(operand) : this.#firstAfter(operand);
    if (op === 'gt' || op === 'gte') this.#addRun(found, bound, this.#endOf(operand));
    else this.#addRun(found, typeof operand === 'number' ? FIRST_NUMBER : this.#firstString, bound);
  }

  #addBeginning(found: Bitmap, start: string): void {
    const from = this.#firstFrom(start);
    const to = bisect(from, this.#codes, (code) => !this.#string(code).startsWith(start));
    this.#addRun(found, from, to);
  }

  /** First code of the operand's type that is not below it. */
  #firstFrom(operand: number | string): number {
    return typeof operand === 'number'
      ? bisect(FIRST_NUMBER, this.#firstString, (code) => this.#number(code) >= operand)
      : bisect(this.#firstString, this.#codes, (code) => this.#string(code) >= operand);
  }

  /** First code of the operand's type that is above it. */
  #firstAfter(operand: number | string): number {
    return typeof operand === 'number'
      ? bisect(FIRST_NUMBER, this.#firstString, (code) => this.#number(code) > operand)
      : bisect(this.#firstString, this.#codes, (code) => this.#string(code) > operand);
  }

  #endOf(operand: number | string): number {
    return typeof operand === 'number' ? this.#firstString : this.#codes;
  }

  #scalar(code: number): number | string {
    return code < this.#firstString ? this.#number(code) : this.#string(code);
  }

  #number(code: number): number {
    return this.#parts.numbers[code - FIRST_NUMBER]!;
  }

  #string(code: number): string {
    const { text, textStarts } = this.#parts;
    const string = code - this.#firstString;
    return text.slice(textStarts[string], textStarts[string + 1]);
  }

  /** Adds the rows of the codes [from, to). */
  #addRun(found: Bitmap, from: number, to: number): void {
    const { starts, rows } = this.#parts;
    const end = starts[to]!;
    for (let i = starts[from]!; i < end; i++) setBit(found, rows[i]!);
  }
}

/** First of [low, high) that is beyond, or `high`; what is beyond comes after what is not. */
function bisect(low: number, high: number, isBeyond: (at: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBeyond(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
