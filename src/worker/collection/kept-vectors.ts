import { bytesOf, type StringColumn } from '../../shared/string-column.js';
import type { KeptVectors } from '../../shared/worker-api.js';
import { Slice } from '../slices.js';
import { locate } from './locate.js';
import { type Place, readVectors } from './records.js';
import type { Snapshot } from './snapshot.js';

/** Vectors of the records that are there with the very same text: within one embedding space they need not be made again. */
export async function keptVectors(
  snapshot: Snapshot,
  ids: StringColumn,
  texts: StringColumn,
): Promise<KeptVectors> {
  const { views, rows } = await locate(snapshot.views, ids);
  const stored = await Promise.all(
    snapshot.views.map((view, source) => (views.includes(source) ? view.segment.texts() : undefined)),
  );
  const positions: number[] = [];
  const places: Place[] = [];
  const slice = new Slice();
  for (const [position, source] of views.entries()) {
    const column = stored[source];
    if (column === undefined) continue;
    const row = rows[position]!;
    if (!isSame(bytesOf(column, row), bytesOf(texts, position))) continue;
    positions.push(position);
    places.push({ source, row });
    if (slice.isOver()) await slice.next();
  }
  return { positions, vectors: await readVectors(snapshot, places) };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
