import { fromHex, STAMP_BYTES, toHex } from '../../../shared/stamp.js';
import { packStrings } from '../../../shared/string-column.js';
import type { Entry, Operation, Stamp, WithVector } from '../../../shared/sync/protocol.js';
import { hasBit } from '../../bitmap.js';
import { type Located, locate, locateTombstones } from '../locate.js';
import { readRecords } from '../records.js';
import type { SegmentView } from '../segment-view.js';
import { TOMBSTONE_BYTES } from '../segment-writer.js';
import type { Snapshot } from '../snapshot.js';

/** What is here of an id: its record, or the tombstone that counts. */
export interface Local {
  readonly id: string;
  readonly kind: Entry['kind'];
  /** Index among the snapshot's views. */
  readonly source: number;
  /** A row, or a tombstone counted from 0. */
  readonly at: number;
  readonly stamp: Stamp;
  readonly base: Stamp | '';
  readonly isPending: boolean;
}

const NONE = new Uint8Array(STAMP_BYTES);

/** Undefined where nothing is. */
export async function localsOf({ views }: Snapshot, ids: readonly string[]): Promise<(Local | undefined)[]> {
  const packed = packStrings(ids);
  const records = await locate(views, packed);
  const tombstones = await locateTombstones(views, packed);
  const versions = await versionsIn(views, records, 'upsert');
  const deletes = await versionsIn(views, tombstones, 'delete');
  return ids.map((id, i) => {
    const [{ views: sources, rows }, kind, of] =
      records.views[i] === -1
        ? ([tombstones, 'delete', deletes] as const)
        : ([records, 'upsert', versions] as const);
    const source = sources[i]!;
    return source === -1 ? undefined : { id, kind, source, at: rows[i]!, ...of.get(source)!(rows[i]!) };
  });
}

type VersionAt = (at: number) => Pick<Local, 'stamp' | 'base' | 'isPending'>;

async function versionsIn(
  views: readonly SegmentView[],
  { views: sources }: Located,
  kind: Entry['kind'],
): Promise<Map<number, VersionAt>> {
  const found = new Map<number, VersionAt>();
  for (const source of new Set(sources)) {
    if (source !== -1) found.set(source, await versionsOf(views[source]!, kind));
  }
  return found;
}

/** Reads the versions of a view's rows, or of its tombstones. */
export async function versionsOf({ segment, pushed }: SegmentView, kind: Entry['kind']): Promise<VersionAt> {
  const isPending = (position: number) => pushed === undefined || !hasBit(pushed, position);
  const hex = (bytes: Uint8Array, at: number) => toHex(bytes.subarray(at, at + STAMP_BYTES));
  if (kind === 'delete') {
    const { stamps } = await segment.tombstoneTable();
    return (at) => ({
      stamp: hex(stamps, at * TOMBSTONE_BYTES),
      base: orNone(hex(stamps, at * TOMBSTONE_BYTES + STAMP_BYTES)),
      isPending: isPending(segment.rows + at),
    });
  }
  const { stamps, bases } = await segment.versions();
  return (at) => ({
    stamp: hex(stamps, at * STAMP_BYTES),
    base: bases === undefined ? '' : orNone(hex(bases, at * STAMP_BYTES)),
    isPending: isPending(at),
  });
}

const ZEROS = toHex(NONE);

function orNone(stamp: Stamp): Stamp | '' {
  return stamp === ZEROS ? '' : stamp;
}

/** The inverse of how a base is told. */
export function baseBytes(base: Stamp | ''): Uint8Array {
  return base === '' ? NONE : fromHex(base);
}

/** What they stand for, with their contents. */
export async function readOperations(
  snapshot: Snapshot,
  locals: readonly Local[],
): Promise<WithVector<Operation>[]> {
  const rows = locals.filter(({ kind }) => kind === 'upsert');
  const places = rows.map(({ source, at }) => ({ source, row: at }));
  const { metadata, texts, vectors } = await readRecords(snapshot, places, { vectors: true, metadata: true });
  const { dimension } = snapshot.row.config;
  let row = 0;
  return locals.map(({ kind, id, stamp, base }): WithVector<Operation> => {
    if (kind === 'delete') return { kind, id, stamp, base, vector: undefined };
    const [ownMetadata, text] = [metadata?.[row], texts?.[row]];
    const vector = vectors!.subarray(row * dimension, ++row * dimension);
    return {
      ...{ kind, id, stamp, base, vector },
      ...(ownMetadata === undefined ? {} : { metadata: ownMetadata }),
      ...(text === undefined ? {} : { text }),
    };
  });
}

/** As `readOperations`, without what they were based on. */
export async function readEntries(
  snapshot: Snapshot,
  locals: readonly Local[],
): Promise<WithVector<Entry>[]> {
  const operations = await readOperations(snapshot, locals);
  return operations.map(({ base: _, ...entry }) => entry);
}
