import { type StringColumn, unpackString } from '../../shared/string-column.js';
import { Slice } from '../slices.js';
import { sortedOrder } from '../sorted-order.js';

/** Row numbers in the order of their ids (UTF-16 code units, as JavaScript compares). */
export async function sortRowsById(ids: StringColumn): Promise<Uint32Array<ArrayBuffer>> {
  const slice = new Slice();
  const names: string[] = new Array(ids.offsets.length - 1);
  for (let row = 0; row < names.length; row++) {
    names[row] = unpackString(ids, row);
    if ((row & 1023) === 1023 && slice.isOver()) await slice.next();
  }
  return sortedOrder(names);
}
