/** n strings as one block of UTF-8: row i is bytes[offsets[i], offsets[i+1]). */
export interface StringColumn {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** n + 1 ascending byte positions, from 0. */
  readonly offsets: Uint32Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Above this length the encoder is faster than a loop. */
const MAX_ASCII_LENGTH = 64;

/** Grows a block of UTF-8 string by string. */
export class StringColumnBuilder {
  #bytes: Uint8Array<ArrayBuffer>;
  #offsets: Uint32Array<ArrayBuffer>;
  #length = 0;

  constructor(rows: number, bytesPerRow = 16) {
    this.#bytes = new Uint8Array(Math.max(64, rows * bytesPerRow));
    this.#offsets = new Uint32Array(rows + 1);
  }

  get byteLength(): number {
    return this.#offsets[this.#length]!;
  }

  /** Appends a row. */
  push(text: string): void {
    const start = this.byteLength;
    // UTF-8 takes at most 3 bytes per UTF-16 code unit.
    this.#reserve(start + text.length * 3);
    const end =
      this.#pushAscii(text, start) ?? start + encoder.encodeInto(text, this.#bytes.subarray(start)).written;
    this.#offsets[++this.#length] = end;
  }

  /** Appends a row that is already UTF-8. */
  pushBytes(bytes: Uint8Array): void {
    const start = this.byteLength;
    this.#reserve(start + bytes.length);
    this.#bytes.set(bytes, start);
    this.#offsets[++this.#length] = start + bytes.length;
  }

  finish(): StringColumn {
    return {
      bytes: this.#bytes.slice(0, this.byteLength),
      offsets:
        this.#length + 1 === this.#offsets.length ? this.#offsets : this.#offsets.slice(0, this.#length + 1),
    };
  }

  /** Short ASCII, as ids and small metadata are: a third of the time that a call of the encoder takes. */
  #pushAscii(text: string, start: number): number | undefined {
    const { length } = text;
    if (length > MAX_ASCII_LENGTH) return undefined;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return undefined;
      bytes[start + i] = unit;
    }
    return start + length;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

export function packStrings(strings: readonly string[]): StringColumn {
  const builder = new StringColumnBuilder(strings.length);
  for (const text of strings) builder.push(text);
  return builder.finish();
}

export function unpackString(column: StringColumn, row: number): string {
  return decoder.decode(bytesOf(column, row));
}

/**
 * The inverse of `packStrings`.
 * @public
 */
export function unpackStrings(column: StringColumn): string[] {
  return Array.from({ length: column.offsets.length - 1 }, (_, row) => unpackString(column, row));
}

/** The rows with these numbers, in that order. */
export function pickStrings(column: StringColumn, rows: readonly number[]): StringColumn {
  const builder = new StringColumnBuilder(rows.length);
  for (const row of rows) builder.pushBytes(bytesOf(column, row));
  return builder.finish();
}

export function bytesOf(column: StringColumn, row: number): Uint8Array<ArrayBuffer> {
  return column.bytes.subarray(column.offsets[row], column.offsets[row + 1]);
}

/** Length of a string in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}
