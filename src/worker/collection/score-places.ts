import { createBitmap, setBit } from '../bitmap.js';
import type { Compute } from '../compute/compute.js';
import { complement } from '../filter/bitmap-sets.js';
import { BestMerge } from './best-merge.js';
import type { Place } from './records.js';
import type { Snapshot } from './snapshot.js';

/** The similarity of each of these places to a vector, at full precision, by whatever holds their vectors. */
export async function scorePlaces(
  snapshot: Snapshot,
  compute: Compute,
  vector: Float32Array<ArrayBuffer>,
  places: readonly Place[],
): Promise<number[]> {
  const query = { vectors: vector, count: 1 };
  const best = new BestMerge(1, places.length);
  const rowsOf = new Map<number, number[]>();
  for (const { source, row } of places) {
    const own = rowsOf.get(source);
    if (own === undefined) rowsOf.set(source, [row]);
    else own.push(row);
  }
  const excluded = snapshot.views.map((view, source) => {
    if (view.sealed !== undefined) return undefined;
    const wanted = createBitmap(view.segment.rows);
    for (const row of rowsOf.get(source) ?? []) setBit(wanted, row);
    return complement(wanted, view.segment.rows);
  });
  let inTail = 0;
  for (const [source, own] of rowsOf) {
    const { sealed } = snapshot.views[source]!;
    if (sealed === undefined) inTail += own.length;
    else {
      const rows = Uint32Array.from(own).sort();
      const found = await sealed.search(query, rows.length, { rows });
      best.add(found.best, found.kernels, (row) => ({ source, row }));
    }
  }
  if (inTail > 0) await snapshot.tail.search(compute, query, inTail, excluded, best);
  const similarities = new Map(
    best.best(0).map(({ source, row, similarity }) => [`${source} ${row}`, similarity]),
  );
  return places.map(({ source, row }) => similarities.get(`${source} ${row}`)!);
}
