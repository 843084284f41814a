import { Slice } from './slices.js';

/** Values sorted in one go before the thread is offered to others. */
const RUN = 2048;

/**
 * Positions of values in ascending order, equal ones as they are: strings by UTF-16 code unit, as JavaScript compares. A merge sort
 * that pauses.
 */
export async function sortedOrder(
  values: readonly string[] | readonly number[],
): Promise<Uint32Array<ArrayBuffer>> {
  const count = values.length;
  const compare = (a: number, b: number) =>
    values[a]! < values[b]! || (values[a] === values[b] && a < b) ? -1 : 1;
  const slice = new Slice();
  let from = new Uint32Array(count);
  for (let i = 0; i < count; i++) from[i] = i;
  let to = new Uint32Array(count);
  for (let start = 0; start < count; start += RUN) {
    from.subarray(start, start + RUN).sort(compare);
    if (slice.isOver()) await slice.next();
  }
  for (let width = RUN; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(count, start + width);
      const end = Math.min(count, start + 2 * width);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takeLeft = right >= end || (left < middle && compare(from[left]!, from[right]!) < 0);
        to[at] = takeLeft ? from[left++]! : from[right++]!;
        if ((at & (RUN - 1)) === 0 && slice.isOver()) await slice.next();
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
