// One bit per row, lowest bit first.

export function hasBit(bitmap: usize, row: u32): bool {
  return (load<u8>(bitmap + (row >> 3)) & (1 << (row & 7))) !== 0;
}

/** How many of the rows [from, to) have their bit set. */
export function countBits(bitmap: usize, from: u32, to: u32): u32 {
  let count: u32 = 0;
  let row = from;
  for (; row < to && (row & 31) !== 0; row++) count += hasBit(bitmap, row) ? 1 : 0;
  for (; row + 32 <= to; row += 32) count += popcnt(load<u32>(bitmap + (row >> 3)));
  for (; row < to; row++) count += hasBit(bitmap, row) ? 1 : 0;
  return count;
}

/** Writes the rows below `rows` whose bit is not set to `list`, as uint32. */
export function listUnsetBits(bitmap: usize, rows: u32, list: usize): void {
  let to = list;
  for (let first: u32 = 0; first < rows; first += 32) {
    // What is read beyond the bitmap's end is not looked at.
    let open = ~load<u32>(bitmap + (first >> 3));
    if (rows - first < 32) open &= (1 << (rows - first)) - 1;
    for (; open !== 0; open &= open - 1) {
      store<u32>(to, first + u32(ctz(open)));
      to += 4;
    }
  }
}
