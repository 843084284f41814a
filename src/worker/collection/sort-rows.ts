import { type StringColumn, unpackString } from '../../shared/string-column.js';
import { Slice } from '../slices.js';

/** Rows sorted in one go before the thread is offered to others. */
const RUN = 2048;

/** Row numbers in the order of their ids (UTF-16 code units, as JavaScript compares): a merge sort that pauses. */
export async function sortRowsById(ids: StringColumn): Promise<Uint32Array<ArrayBuffer>> {
  const count = ids.offsets.length - 1;
  const slice = new Slice();
  const names: string[] = new Array(count);
  for (let row = 0; row < count; row++) {
    names[row] = unpackString(ids, row);
    if (row % RUN === RUN - 1 && slice.isOver()) await slice.next();
  }
  const compare = (a: number, b: number) => (names[a]! < names[b]! ? -1 : 1);
  let from = Uint32Array.from({ length: count }, (_, row) => row);
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
