import type { Bitmap } from '../bitmap.js';
import type { Scope } from './kernels.js';

/** Cuts scopes where a block is cut into sessions. */
export class ScopeParts {
  /** The same parts of the same bitmap each time, since more is remembered of them. */
  readonly #parts = new WeakMap<Bitmap, Bitmap[]>();

  /** @param starts where each part begins (a multiple of 8), and where the last one ends */
  constructor(private readonly starts: readonly number[]) {}

  /** One scope per part, in the numbers of its own rows. */
  of(scope: Scope): Scope[] {
    const count = this.starts.length - 1;
    if (count === 1) return [scope];
    const { excluded, rows } = scope;
    const bitmaps = excluded && this.#bitmapsOf(excluded);
    let at = 0;
    return Array.from({ length: count }, (_, i) => {
      if (rows === undefined) return { excluded: bitmaps?.[i] };
      const from = at;
      while (at < rows.length && rows[at]! < this.starts[i + 1]!) at++;
      return { rows: rows.subarray(from, at).map((row) => row - this.starts[i]!) };
    });
  }

  #bitmapsOf(excluded: Bitmap): Bitmap[] {
    let parts = this.#parts.get(excluded);
    if (parts === undefined) {
      parts = this.starts.slice(1).map((end, i) => excluded.subarray(this.starts[i]! >>> 3, (end + 7) >>> 3));
      this.#parts.set(excluded, parts);
    }
    return parts;
  }
}
