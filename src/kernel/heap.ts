// Min-heaps of k numbers: the root is the least.

/** Puts `value` in the place of the least; gives what is the least now. */
export function replaceLeast(heap: usize, k: u32, value: f32): f32 {
  let hole: u32 = 0;
  for (let child: u32 = 1; child < k; child = 2 * hole + 1) {
    let lesser = load<f32>(heap + (usize(child) << 2));
    if (child + 1 < k) {
      const other = load<f32>(heap + (usize(child) << 2), 4);
      if (other < lesser) {
        lesser = other;
        child++;
      }
    }
    if (lesser >= value) break;
    store<f32>(heap + (usize(hole) << 2), lesser);
    hole = child;
  }
  store<f32>(heap + (usize(hole) << 2), value);
  return load<f32>(heap);
}

/** The same for numbers of double precision with a row each. */
export function replaceLeastRow(values: usize, rows: usize, k: u32, value: f64, row: u32): void {
  let hole: u32 = 0;
  for (let child: u32 = 1; child < k; child = 2 * hole + 1) {
    let lesser = load<f64>(values + (usize(child) << 3));
    if (child + 1 < k) {
      const other = load<f64>(values + (usize(child) << 3), 8);
      if (other < lesser) {
        lesser = other;
        child++;
      }
    }
    if (lesser >= value) break;
    store<f64>(values + (usize(hole) << 3), lesser);
    store<u32>(rows + (usize(hole) << 2), load<u32>(rows + (usize(child) << 2)));
    hole = child;
  }
  store<f64>(values + (usize(hole) << 3), value);
  store<u32>(rows + (usize(hole) << 2), row);
}

/** Sorts a heap in place, greatest first. */
export function sortHeap(values: usize, rows: usize, k: u32): void {
  for (let last = k; last-- > 1; ) {
    const value = load<f64>(values + (usize(last) << 3));
    const row = load<u32>(rows + (usize(last) << 2));
    store<f64>(values + (usize(last) << 3), load<f64>(values));
    store<u32>(rows + (usize(last) << 2), load<u32>(rows));
    replaceLeastRow(values, rows, last, value, row);
  }
}
