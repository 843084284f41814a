/** Rows that are read from storage and scored at a time; more take more memory, fewer more turns. */
export function rowsAtOnce(dimension: number): number {
  return Math.max(16, Math.floor(BYTES_AT_ONCE / (4 * dimension)));
}

const BYTES_AT_ONCE = 4 << 20;
