import { Slice } from '../slices.js';
import { damagedBackup, newerBackup } from './backup-errors.js';
import {
  FILE_HEAD_BYTES,
  FRAME,
  FRAME_HEAD_BYTES,
  MAGIC,
  MAX_FRAME_BYTES,
  OPTIONAL,
  VERSION,
} from './backup-format.js';
import type { ByteSource } from './byte-source.js';
import { crc32 } from './crc32.js';

/** Bytes summed up between two looks at the clock; a multiple of 8. */
const SUM_BYTES = 1 << 20;

const KNOWN: readonly number[] = Object.values(FRAME);

export interface Frame {
  readonly type: number;
  /** In a buffer of its own, a multiple of 4 bytes. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** The frames of a file that this release knows, each checked, up to the last one; the file ends there. */
export async function* readFrames(source: ByteSource): AsyncGenerator<Frame, void, undefined> {
  await checkFileHead(source);
  const slice = new Slice();
  let checksum = 0;
  for (let n = 0; ; n++) {
    const where = `frame ${n}`;
    const bytes = await source.take(FRAME_HEAD_BYTES, `the head of ${where}`);
    const [type, length, claimed] = new Uint32Array(bytes.buffer) as unknown as [number, number, number];
    if (length > MAX_FRAME_BYTES || length % 4 !== 0)
      throw damagedBackup(`${where} claims to be ${length} bytes long`);
    const payload = await source.take(length, where);
    checksum = crc32(bytes.subarray(0, 8), checksum);
    for (let at = 0; at < length; at += SUM_BYTES) {
      checksum = crc32(payload.subarray(at, at + SUM_BYTES), checksum);
      if (slice.isOver()) await slice.next();
    }
    if (checksum !== claimed) throw damagedBackup(`${where} does not match its checksum`);
    if (KNOWN.includes(type)) yield { type, payload };
    else if (type < OPTIONAL) throw newerBackup(`has a frame of type ${type}`);
    if (type === FRAME.end) break;
  }
  if (!(await source.isAtEnd())) throw damagedBackup('it goes on after its end');
}

async function checkFileHead(source: ByteSource): Promise<void> {
  const head = await source.take(FILE_HEAD_BYTES, 'its head');
  if (MAGIC.some((byte, i) => head[i] !== byte))
    throw damagedBackup('it does not begin as a backup file does');
  const version = new DataView(head.buffer).getUint32(MAGIC.length, true);
  if (version > VERSION) throw newerBackup(`is of version ${version}`);
  if (version === 0) throw damagedBackup('it is of version 0');
}
