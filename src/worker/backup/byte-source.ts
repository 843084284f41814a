import { joinBytes } from '../../shared/bytes.js';
import { throwIfAborted } from '../../shared/errors.js';
import { damagedBackup } from './backup-errors.js';

/** Bytes of a blob read at once: each read has a fixed cost of about a millisecond. */
const BLOB_CHUNK_BYTES = 4 << 20;

/** Hands out a file's chunks from its beginning; `undefined` at its end. */
export type NextChunk = () => Promise<Uint8Array | undefined>;

/** A file as bytes to be taken one part after the other, from chunks of any size. */
export class ByteSource {
  /** Bytes taken so far. */
  taken = 0;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly nextChunk: NextChunk,
    /** Undefined: of a stream it is not known. */
    private readonly size: number | undefined,
    private readonly signal: AbortSignal,
  ) {}

  static ofBlob(blob: Blob, signal: AbortSignal): ByteSource {
    let at = 0;
    const next = async () => {
      if (at >= blob.size) return undefined;
      const part = blob.slice(at, (at += BLOB_CHUNK_BYTES));
      try {
        return new Uint8Array(await part.arrayBuffer());
      } catch (error) {
        throw damagedBackup('it can no longer be read; it may have been changed or moved', error);
      }
    };
    return new ByteSource(next, blob.size, signal);
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      throwIfAborted(this.signal);
      const next = await this.nextChunk();
      if (next === undefined) return true;
      this.#chunk = next;
    }
    return false;
  }

  /**
   * The next bytes, in a buffer of their own. Rejects with `CORRUPT` where there are not as many: of a blob before
   * anything is allocated; of a stream no more is allocated than twice what has arrived.
   */
  async take(count: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
    const { size, taken } = this;
    if (size !== undefined && count > size - taken) {
      throw damagedBackup(`${what} takes ${count} bytes, and ${size - taken} are left`);
    }
    if (size !== undefined || count <= this.#chunk.length) return this.#fill(new Uint8Array(count), what);
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0; ) {
      const part = await this.#upTo(missing, what);
      parts.push(part);
      missing -= part.length;
    }
    return joinBytes(parts);
  }

  async #fill(bytes: Uint8Array<ArrayBuffer>, what: string): Promise<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < bytes.length; ) {
      const part = await this.#upTo(bytes.length - at, what);
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  async #upTo(count: number, what: string): Promise<Uint8Array> {
    if (await this.isAtEnd()) throw damagedBackup(`it ends after ${this.taken} bytes, in ${what}`);
    const part = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(part.length);
    this.taken += part.length;
    return part;
  }
}
