import { FILE_HEAD_BYTES, FRAME_HEAD_BYTES, MAGIC, VERSION } from './backup-format.js';
import { crc32 } from './crc32.js';

const encoder = new TextEncoder();

export function fileHead(): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(FILE_HEAD_BYTES);
  head.set(MAGIC);
  new DataView(head.buffer).setUint32(MAGIC.length, VERSION, true);
  return head;
}

/** Makes the frames of one file, in their order. */
export class FrameWriter {
  #checksum = 0;

  /** Fills in the head of a frame whose payload is there: `frame` is a buffer of its own. */
  seal(type: number, frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const head = new DataView(frame.buffer);
    head.setUint32(0, type, true);
    head.setUint32(4, frame.length - FRAME_HEAD_BYTES, true);
    this.#checksum = crc32(frame.subarray(FRAME_HEAD_BYTES), crc32(frame.subarray(0, 8), this.#checksum));
    head.setUint32(8, this.#checksum, true);
    return frame;
  }

  /** Padded with spaces, which JSON allows. */
  json(type: number, value: object): Uint8Array<ArrayBuffer> {
    const text = encoder.encode(JSON.stringify(value));
    const frame = emptyFrame(text.length).fill(0x20, FRAME_HEAD_BYTES);
    frame.set(text, FRAME_HEAD_BYTES);
    return this.seal(type, frame);
  }
}

/** Room for a head and a payload, padded with zeros. */
export function emptyFrame(payloadBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(FRAME_HEAD_BYTES + Math.ceil(payloadBytes / 4) * 4);
}
