import { batchError, MAX_PROBLEMS, type Problem, throwIfAborted } from '../../shared/errors.js';
import { float32Norm, rowProblem } from '../../shared/record-check.js';
import {
  packStrings,
  type StringColumn,
  StringColumnBuilder,
  unpackString,
} from '../../shared/string-column.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { PackedRecords } from '../../shared/worker-api.js';
import { hasBit } from '../bitmap.js';
import { Slice } from '../slices.js';
import { isQuotaError } from '../storage/quota-errors.js';
import type { Change } from './change.js';
import { type Bound, evicting } from './eviction.js';
import { basesOfDeletes, type Lineage, lineageOf } from './lineage.js';
import { type Located, locate, rowsByView } from './locate.js';
import { type Place, readRecords, readVectors } from './records.js';
import type { CompiledFilter } from './segment.js';
import { onlyTombstones, repeatStamp, type SegmentContent, tombstonesOf } from './segment-writer.js';
import type { Snapshot } from './snapshot.js';
import type { CollectionState, CommitOptions } from './state.js';

/** What a write did. */
export interface Written {
  readonly count: number;
  readonly generation: number;
  /** Of all that was written, where `count` is above 0. */
  readonly stamp: string;
  /** How many records beyond the bound died with it. */
  readonly evicted?: number;
}

/** How records are written. */
export interface WriteRecordsOptions extends CommitOptions {
  readonly bound?: Bound | undefined;
}

/** Norms of the rows; refuses the batch if a row's values cannot be scored. */
export async function checkedNorms(
  { ids, vectors }: PackedRecords,
  { dimension, metric }: CollectionConfig,
  signal: AbortSignal | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const rows = ids.offsets.length - 1;
  const norms = new Float32Array(rows);
  const problems: Problem[] = [];
  let problemCount = 0;
  const slice = new Slice();
  for (let row = 0; row < rows; row++) {
    const norm = float32Norm(vectors, row * dimension, (row + 1) * dimension);
    norms[row] = norm;
    if (rowProblem(norm, metric) !== undefined && ++problemCount <= MAX_PROBLEMS) {
      const fault = rowProblem(norm, metric, vectors.subarray(row * dimension, (row + 1) * dimension))!;
      problems.push({ position: row, id: unpackString(ids, row), ...fault });
    }
    if ((row & 255) === 255 && slice.isOver()) {
      throwIfAborted(signal);
      await slice.next();
    }
  }
  if (problemCount > 0) throw batchError('records', problems, problemCount);
  return norms;
}

/** Writes records whose vectors are complete and checked. */
export async function writeRecords(
  state: CollectionState,
  records: PackedRecords,
  norms: Float32Array<ArrayBuffer>,
  mode: 'upsert' | 'insert',
  options: WriteRecordsOptions,
): Promise<Written> {
  let evicted: number | undefined;
  const snapshot = await state.commit(async (before) => {
    const located = await locate(before.views, records.ids);
    if (mode === 'insert') refuseExisting(records.ids, located);
    const lineage = await lineageOf(before, records.ids, located);
    const change: Change = {
      content: contentOf(state, records, norms, lineage),
      dead: rowsByView(located),
      superseded: lineage.superseded,
      records: [{ kind: 'upsert', ids: records.ids }],
    };
    const written = await evicting(before, change, options.bound);
    evicted = written.evicted;
    return written.change;
  }, options);
  return { ...committed(snapshot, norms.length), ...(evicted !== undefined && { evicted }) };
}

export function contentOf(
  state: CollectionState,
  { ids, vectors, metadata, texts }: PackedRecords,
  norms: Float32Array<ArrayBuffer>,
  { bases }: Lineage,
): SegmentContent {
  const stamps = repeatStamp(state.nextStamp(), norms.length);
  return { ids, vectors, norms, metadata, texts, stamps, bases, tombstones: undefined };
}

/** Replaces the metadata of records; their vectors and texts are copied into the new segment. */
export async function writeMetadata(
  state: CollectionState,
  ids: StringColumn,
  metadata: StringColumn,
  options: WriteRecordsOptions,
): Promise<Written> {
  let evicted: number | undefined;
  const count = ids.offsets.length - 1;
  const snapshot = await state.commit(async (before) => {
    const located = await locate(before.views, ids);
    refuseMissing(ids, located);
    const places = placesOf(located);
    const vectors = await readVectors(before, places);
    const { texts } = await readRecords(before, places, { vectors: false, metadata: true });
    const { dimension } = before.row.config;
    const norms = Float32Array.from(places, (_, row) =>
      float32Norm(vectors, row * dimension, (row + 1) * dimension),
    );
    const { bases, superseded } = await lineageOf(before, ids, located);
    const content = {
      ids,
      vectors,
      norms,
      metadata: metadata.bytes.length === 0 ? undefined : metadata,
      texts: texts && packStrings(texts.map((text) => text ?? '')),
      stamps: repeatStamp(state.nextStamp(), count),
      bases,
      tombstones: undefined,
    };
    const change: Change = {
      content,
      dead: rowsByView(located),
      superseded,
      records: [{ kind: 'upsert', ids }],
    };
    const written = await evicting(before, change, options.bound);
    evicted = written.evicted;
    return written.change;
  }, options);
  return { ...committed(snapshot, count), ...(evicted !== undefined && { evicted }) };
}

/** Deletes the records with these ids that are there, or that pass; `deleted` are their ids. */
export async function deleteRecords(
  state: CollectionState,
  which: { ids: StringColumn } | { filter: CompiledFilter },
  options: CommitOptions,
): Promise<Written & { readonly deleted: StringColumn }> {
  let deleted = packStrings([]);
  const commit = (hasRoom: boolean) =>
    state.commit(async (before) => {
      const dead =
        'ids' in which
          ? rowsByView(await locate(before.views, which.ids))
          : await passingRows(before, which.filter);
      const ids = await idsOf(before, dead);
      deleted = ids;
      if (ids.offsets.length === 1) return undefined;
      const tombstones = tombstonesOf(ids, state.nextStamp(), await basesOfDeletes(before, dead));
      const content = hasRoom ? onlyTombstones(tombstones) : undefined;
      return { content, dead, records: [{ kind: 'delete', ids }] };
    }, options);
  const snapshot = await commit(true).catch((error: unknown) => {
    // Without tombstones a server would bring the records back.
    if (!isQuotaError(error) || state.current.row.sync !== undefined) throw error;
    // A merge would drop these tombstones, too.
    return commit(false);
  });
  return { ...committed(snapshot, deleted.offsets.length - 1), deleted };
}

/** The stamp of a write is the last one that was handed out. */
function committed({ generation, row }: Snapshot, count: number): Written {
  return { count, generation, stamp: row.clock };
}

/** Live rows that pass, by view. */
export async function passingRows(
  snapshot: Snapshot,
  filter: CompiledFilter,
): Promise<Map<number, number[]>> {
  const byView = new Map<number, number[]>();
  for (const [index, { segment, dead, live }] of snapshot.views.entries()) {
    if (live === 0) continue;
    const passing = await segment.passing(filter);
    const rows: number[] = [];
    for (let row = 0; row < segment.rows; row++) {
      if (hasBit(passing, row) && (dead === undefined || !hasBit(dead, row))) rows.push(row);
    }
    if (rows.length > 0) byView.set(index, rows);
  }
  return byView;
}

export function placesOf({ views, rows }: Located): Place[] {
  return Array.from(views, (source, i) => ({ source, row: rows[i]! }));
}

async function idsOf(
  snapshot: Snapshot,
  byView: ReadonlyMap<number, readonly number[]>,
): Promise<StringColumn> {
  const builder = new StringColumnBuilder([...byView.values()].reduce((sum, rows) => sum + rows.length, 0));
  for (const [index, rows] of byView) {
    const { bytes, offsets } = await snapshot.views[index]!.segment.ids();
    for (const row of rows) builder.pushBytes(bytes.subarray(offsets[row], offsets[row + 1]));
  }
  return builder.finish();
}

export function refuseExisting(ids: StringColumn, located: Located): void {
  refuse(
    'records',
    ids,
    (i) => located.views[i] !== -1,
    'DUPLICATE_ID',
    (id) =>
      `id ${id} is already in the collection. insert never replaces. Use upsert to replace it, or another id.`,
  );
}

function refuseMissing(ids: StringColumn, located: Located): void {
  refuse(
    'metadata updates',
    ids,
    (i) => located.views[i] === -1,
    'INVALID_ARGUMENT',
    (id) =>
      `id ${id} is not in the collection. There is no vector that the metadata could belong to. Use upsert with a vector to create it.`,
  );
}

function refuse(
  what: string,
  ids: StringColumn,
  isBad: (position: number) => boolean,
  code: Problem['code'],
  message: (id: string) => string,
): void {
  const problems: Problem[] = [];
  let problemCount = 0;
  for (let position = 0; position < ids.offsets.length - 1; position++) {
    if (!isBad(position) || ++problemCount > MAX_PROBLEMS) continue;
    const id = unpackString(ids, position);
    problems.push({ position, id, code, message: message(JSON.stringify(id)) });
  }
  if (problemCount > 0) throw batchError(what, problems, problemCount);
}
