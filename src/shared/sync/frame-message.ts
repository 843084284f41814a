import { dimensionOf, packFrame, unpackFrame, VectorReader } from './frame.js';
import { objectAt } from './head-check.js';

// A message as a frame: the head is the message without vectors, and `dimension` beside it.

export function packMessage(message: object, vectors: readonly Float32Array[]): Uint8Array<ArrayBuffer> {
  return packFrame({ ...message, dimension: dimensionOf(vectors) }, vectors);
}

/** Throws `MalformedError`. */
export function unpackMessage(bytes: Uint8Array<ArrayBuffer>, maxValues: number) {
  const frame = unpackFrame(bytes, maxValues);
  const head = objectAt(frame.head, 'the head');
  return { head, vectors: new VectorReader(frame.floats, head.dimension) };
}
