import { MalformedError, parseBoundedJson } from './bounded-json.js';

// A frame: length of the head (uint32), the head (JSON, UTF-8), zeros up to a multiple of 4, float32 up to the end.
// Numbers are little-endian, so that typed arrays read them in place.

const LENGTH_BYTES = 4;
const MAX_DIMENSION = 4_096;

const encoder = new TextEncoder();

export interface Frame {
  readonly head: unknown;
  readonly floats: Float32Array<ArrayBuffer>;
}

export function packFrame(head: object, vectors: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
  const headBytes = encoder.encode(JSON.stringify(head));
  const start = aligned(LENGTH_BYTES + headBytes.length);
  const dimension = dimensionOf(vectors);
  const frame = new Uint8Array(start + vectors.length * dimension * 4);
  new DataView(frame.buffer).setUint32(0, headBytes.length, true);
  frame.set(headBytes, LENGTH_BYTES);
  const floats = new Float32Array(frame.buffer, start);
  for (const [i, vector] of vectors.entries()) floats.set(vector, i * dimension);
  return frame;
}

/**
 * The inverse of `packFrame`; throws `MalformedError`. The floats are a view of `bytes` where these begin at a
 * multiple of 4 in their buffer.
 *
 * @param maxValues bounds what the head's JSON may have
 */
export function unpackFrame(bytes: Uint8Array<ArrayBuffer>, maxValues: number): Frame {
  if (bytes.length < LENGTH_BYTES)
    throw new MalformedError(`A frame of ${bytes.length} bytes has no room for its length.`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const start = aligned(LENGTH_BYTES + length);
  if (start > bytes.length) {
    throw new MalformedError(
      `The frame's head claims ${length} bytes, and ${bytes.length - LENGTH_BYTES} are left.`,
    );
  }
  if ((bytes.length - start) % 4 !== 0)
    throw new MalformedError(`The frame ends within a number: ${bytes.length - start} bytes of float32.`);
  const head = parseBoundedJson(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length), maxValues);
  return { head, floats: floatsFrom(bytes, start) };
}

/** The dimension that all of them share; 0: there is none. */
export function dimensionOf(vectors: readonly Float32Array[]): number {
  const dimension = vectors[0]?.length ?? 0;
  if (vectors.some((vector) => vector.length !== dimension))
    throw new RangeError(`Vectors of one frame have one dimension; not all have ${dimension}.`);
  return dimension;
}

/** Hands out a frame's vectors in their order. */
export class VectorReader {
  #at = 0;
  readonly #dimension: number;

  constructor(
    private readonly floats: Float32Array<ArrayBuffer>,
    /** As the head claims. */
    dimension: unknown,
  ) {
    if (!Number.isInteger(dimension) || (dimension as number) < 0 || (dimension as number) > MAX_DIMENSION)
      throw new MalformedError(`dimension is not a whole number up to ${MAX_DIMENSION}.`);
    this.#dimension = dimension as number;
  }

  /** A view. */
  next(): Float32Array<ArrayBuffer> {
    return this.rows(1);
  }

  /** A view of the next `count` vectors, one after another. */
  rows(count: number): Float32Array<ArrayBuffer> {
    const end = this.#at + count * this.#dimension;
    if ((this.#dimension === 0 && count > 0) || end > this.floats.length) {
      throw new MalformedError(
        `The frame has ${this.floats.length} numbers, fewer than its head has vectors of ${this.#dimension}.`,
      );
    }
    const vectors = this.floats.subarray(this.#at, end);
    this.#at = end;
    return vectors;
  }

  /** Throws `MalformedError` where vectors are left. */
  end(): void {
    if (this.#at !== this.floats.length)
      throw new MalformedError(`${this.floats.length - this.#at} numbers are left at the end of the frame.`);
  }
}

function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function floatsFrom(bytes: Uint8Array<ArrayBuffer>, start: number): Float32Array<ArrayBuffer> {
  if ((bytes.byteOffset + start) % 4 !== 0) return new Float32Array(bytes.slice(start).buffer);
  return new Float32Array(bytes.buffer, bytes.byteOffset + start, (bytes.length - start) / 4);
}
