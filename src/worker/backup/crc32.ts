/** The reversed polynomial of zlib, PNG and Ethernet. */
const POLYNOMIAL = 0xedb88320;

/** TABLES[256·k + b]: what byte b does to the sum, k bytes later. */
const TABLES = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
  TABLES[byte] = sum;
}
for (let i = 256; i < TABLES.length; i++) {
  const before = TABLES[i - 256]!;
  TABLES[i] = (before >>> 8) ^ TABLES[before & 255]!;
}

/**
 * CRC-32 as zlib's, an unsigned number, over eight bytes at a time (slicing-by-8: Kounavis and Berry, 2005). `bytes`
 * has to start at a multiple of 4 in its buffer. `before`: the sum of the bytes before these.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, (bytes.length >>> 3) * 2);
  let sum = ~before;
  for (let w = 0; w < words.length; w += 2) {
    const a = words[w]! ^ sum;
    const b = words[w + 1]!;
    sum =
      TABLES[1792 + (a & 255)]! ^
      TABLES[1536 + ((a >>> 8) & 255)]! ^
      TABLES[1280 + ((a >>> 16) & 255)]! ^
      TABLES[1024 + (a >>> 24)]! ^
      TABLES[768 + (b & 255)]! ^
      TABLES[512 + ((b >>> 8) & 255)]! ^
      TABLES[256 + ((b >>> 16) & 255)]! ^
      TABLES[b >>> 24]!;
  }
  for (let i = words.length * 4; i < bytes.length; i++) sum = TABLES[(sum ^ bytes[i]!) & 255]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
