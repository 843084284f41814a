import { bytesOf, type StringColumn, StringColumnBuilder } from '../../shared/string-column.js';
import type { OnConflict } from '../../shared/types.js';
import type { PackedRecords } from '../../shared/worker-api.js';
import { type Located, locate, rowsByView } from './locate.js';
import type { CollectionState, CommitOptions } from './state.js';
import { contentOf, refuseExisting, type Written } from './writes.js';

/** `count` is what was written. */
export interface Imported extends Written {
  /** Ids of what was written. */
  readonly ids: StringColumn;
  /** Of it, how many were there. */
  readonly replaced: number;
}

/** Writes records whose vectors are checked, as one commit; which ids are there is decided with it. */
export async function importRecords(
  state: CollectionState,
  records: PackedRecords,
  norms: Float32Array<ArrayBuffer>,
  onConflict: OnConflict,
  options: CommitOptions,
): Promise<Imported> {
  let written = records;
  let replaced = 0;
  const snapshot = await state.commit(async ({ views }) => {
    const located = await locate(views, records.ids);
    if (onConflict === 'error') refuseExisting(records.ids, located);
    if (onConflict !== 'skip') {
      replaced = located.views.reduce((sum, view) => sum + (view === -1 ? 0 : 1), 0);
      return { content: contentOf(state, records, norms), dead: rowsByView(located) };
    }
    const rows = absentRows(located);
    written = rows.length === norms.length ? records : pick(records, rows);
    if (rows.length === 0) return undefined;
    return {
      content: contentOf(
        state,
        written,
        Float32Array.from(rows, (row) => norms[row]!),
      ),
    };
  }, options);
  const count = written.ids.offsets.length - 1;
  return { count, generation: snapshot.generation, ids: written.ids, replaced };
}

function absentRows({ views }: Located): number[] {
  const rows: number[] = [];
  for (const [row, view] of views.entries()) if (view === -1) rows.push(row);
  return rows;
}

function pick({ ids, vectors, metadata, texts }: PackedRecords, rows: readonly number[]): PackedRecords {
  const dimension = vectors.length / (ids.offsets.length - 1);
  const picked = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) {
    picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  }
  return {
    ids: pickStrings(ids, rows)!,
    vectors: picked,
    toEmbed: [],
    metadata: pickStrings(metadata, rows),
    texts: pickStrings(texts, rows),
  };
}

function pickStrings(column: StringColumn | undefined, rows: readonly number[]): StringColumn | undefined {
  if (column === undefined) return undefined;
  const builder = new StringColumnBuilder(rows.length);
  for (const row of rows) builder.pushBytes(bytesOf(column, row));
  return builder.finish();
}
