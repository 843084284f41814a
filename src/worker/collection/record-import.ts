import type { OnConflict } from '../../shared/backup-types.js';
import { pickStrings, type StringColumn } from '../../shared/string-column.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { PackedRecords } from '../../shared/worker-api.js';
import type { Change } from './change.js';
import { type Bound, evicting } from './eviction.js';
import { lineageOf } from './lineage.js';
import { type Located, locate, rowsByView } from './locate.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState } from './state.js';
import { checkedNorms, contentOf, refuseExisting, type Written } from './writes.js';

/** `count` is what was written. */
export interface Imported extends Written {
  /** Of it, how many were there. */
  readonly replaced: number;
}

/** Writes records of a backup into one collection. Their ids are distinct, and their texts and metadata checked. */
export class RecordImport {
  constructor(
    private readonly state: CollectionState,
    private readonly config: CollectionConfig,
    private readonly bound: Bound,
    private readonly onWritten: (written: Written) => Promise<unknown>,
  ) {}

  /** Rejects with `DUPLICATE_ID` where one of them is there. */
  refuse(ids: StringColumn): Promise<void> {
    return this.state.read(async ({ views }) => refuseExisting(ids, await locate(views, ids)));
  }

  /** One commit, with which it is decided what is there. */
  async write(records: PackedRecords, onConflict: OnConflict, signal: AbortSignal): Promise<Imported> {
    const { state } = this;
    const norms = await checkedNorms(records, this.config, signal);
    let kept = records;
    let replaced = 0;
    const { generation, row } = await state.commit(
      async (before) => {
        const located = await locate(before.views, records.ids);
        if (onConflict === 'error') refuseExisting(records.ids, located);
        if (onConflict !== 'skip') {
          replaced = located.views.reduce((sum, view) => sum + (view === -1 ? 0 : 1), 0);
          const lineage = await lineageOf(before, records.ids, located);
          return this.#bounded(before, {
            content: contentOf(state, records, norms, lineage),
            dead: rowsByView(located),
            superseded: lineage.superseded,
            records: [{ kind: 'upsert', ids: records.ids }],
          });
        }
        const rows = absentRows(located);
        kept = rows.length === norms.length ? records : pick(records, rows);
        if (rows.length === 0) return undefined;
        const lineage = await lineageOf(before, kept.ids, await locate(before.views, kept.ids));
        return this.#bounded(before, {
          content: contentOf(
            state,
            kept,
            Float32Array.from(rows, (row) => norms[row]!),
            lineage,
          ),
          superseded: lineage.superseded,
          records: [{ kind: 'upsert', ids: kept.ids }],
        });
      },
      { durability: 'disk', signal },
    );
    const count = kept.ids.offsets.length - 1;
    const written = { count, generation, stamp: row.clock };
    await this.onWritten(written);
    return { ...written, replaced };
  }

  async #bounded(before: Snapshot, change: Change): Promise<Change> {
    return (await evicting(before, change, this.bound)).change;
  }
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
    ids: pickStrings(ids, rows),
    vectors: picked,
    toEmbed: [],
    metadata: metadata && pickStrings(metadata, rows),
    texts: texts && pickStrings(texts, rows),
  };
}
