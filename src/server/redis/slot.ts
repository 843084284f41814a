export const SLOTS = 16_384;

/**
 * CRC-16/XMODEM, by which Redis Cluster finds the slot of a hash tag
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/, appendix A). `text` is ASCII; `crc` is
 * that of what comes before it.
 */
export function crc16(text: string, crc = 0): number {
  for (let i = 0; i < text.length; i++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ text.charCodeAt(i)]!;
  return crc;
}

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});
