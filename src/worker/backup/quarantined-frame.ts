import type { QuarantinedPage } from '../collection/quarantined.js';
import type { RawPage } from '../storage/storage.js';
import { FRAME_HEAD_BYTES, type QuarantinedPageHead } from './backup-format.js';
import { emptyFrame } from './frame-writer.js';

const encoder = new TextEncoder();

/** Room for a head, then: length of the JSON (uint32), the JSON, the page as it is. */
export function quarantinedFrame(
  { segment: { manifest, reason }, column, index }: QuarantinedPage,
  { checksum, bytes }: RawPage,
): Uint8Array<ArrayBuffer> {
  const { id: segment, rows } = manifest;
  const about: QuarantinedPageHead = { segment, rows, reason, column, index, checksum, bytes: bytes.length };
  const json = encoder.encode(JSON.stringify(about));
  const frame = emptyFrame(4 + json.length + bytes.length);
  new DataView(frame.buffer).setUint32(FRAME_HEAD_BYTES, json.length, true);
  frame.set(json, FRAME_HEAD_BYTES + 4);
  frame.set(bytes, FRAME_HEAD_BYTES + 4 + json.length);
  return frame;
}
