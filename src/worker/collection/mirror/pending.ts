import { STAMP_BYTES, toHex } from '../../../shared/stamp.js';
import { unpackString } from '../../../shared/string-column.js';
import { jsonBytesIn, OPERATION_BYTES } from '../../../shared/sync/operation-bytes.js';
import type { Stamp } from '../../../shared/sync/protocol.js';
import { hasBit } from '../../bitmap.js';
import { Slice } from '../../slices.js';
import type { Pending } from '../../sync/mirror.js';
import { countPending, pendingIn } from '../pending-positions.js';
import type { SegmentView } from '../segment-view.js';
import { TOMBSTONE_BYTES } from '../segment-writer.js';
import type { Snapshot } from '../snapshot.js';
import { type Local, readOperations, versionsOf } from './local.js';

export interface Bounds {
  readonly count: number;
  readonly bytes: number;
}

/** Pending operations of a snapshot; see the contract. */
export async function pendingOperations(
  snapshot: Snapshot,
  bounds: Bounds,
  except: ReadonlySet<string>,
): Promise<Pending> {
  const sources: { source: number; oldest: Stamp }[] = [];
  for (const [source, view] of snapshot.views.entries()) {
    const oldest = await oldestIn(view);
    if (oldest !== undefined) sources.push({ source, oldest });
  }
  sources.sort((a, b) => (a.oldest < b.oldest ? -1 : 1));
  const chosen: Local[] = [];
  let left = bounds.bytes;
  for (const { source } of sources) {
    if (chosen.length >= bounds.count || left <= 0) break;
    for (const { local, bytes } of await pendingLocals(snapshot, source)) {
      if (except.has(local.id)) continue;
      // One that alone has more is sent alone.
      if (chosen.length >= bounds.count || (left < bytes && chosen.length > 0)) {
        left = 0;
        break;
      }
      chosen.push(local);
      left -= bytes;
    }
  }
  const operations = await readOperations(snapshot, chosen);
  const total = countPending(snapshot);
  return { operations, total, ...(sources[0] === undefined ? {} : { oldest: sources[0].oldest }) };
}

/** What is pending in one view, in the order of its rows, then its tombstones; `bytes` are those of the operation in a push. */
async function pendingLocals({ views, row: { config } }: Snapshot, source: number) {
  const view = views[source]!;
  const { segment } = view;
  const { rows, tombstones } = segment.manifest;
  const ofRows = rows === 0 ? undefined : await columnsOf(view);
  const ofTombstones =
    tombstones === 0
      ? undefined
      : { ids: (await segment.tombstoneTable()).ids, versionAt: await versionsOf(view, 'delete') };
  const { bits } = pendingIn(view);
  return (function* (): Generator<{ local: Local; bytes: number }> {
    for (let position = 0; position < rows + tombstones; position++) {
      if (!hasBit(bits, position)) continue;
      if (position < rows) {
        const { ids, metadata, texts, versionAt } = ofRows!;
        const strings = [ids, metadata, texts].reduce(
          (sum, column) => sum + jsonBytesIn(column, position),
          0,
        );
        const local: Local = {
          ...{ id: unpackString(ids, position), kind: 'upsert', source, at: position },
          ...versionAt(position),
        };
        yield { local, bytes: OPERATION_BYTES + strings + 4 * config.dimension };
      } else {
        const { ids, versionAt } = ofTombstones!;
        const at = position - rows;
        const local: Local = { id: unpackString(ids, at), kind: 'delete', source, at, ...versionAt(at) };
        yield { local, bytes: OPERATION_BYTES + jsonBytesIn(ids, at) };
      }
    }
  })();
}

async function columnsOf(view: SegmentView) {
  const { segment } = view;
  return {
    ids: await segment.ids(),
    metadata: await segment.metadata(),
    texts: await segment.texts(),
    versionAt: await versionsOf(view, 'upsert'),
  };
}

/** Views are immutable. */
const known = new WeakMap<SegmentView, Promise<Stamp | undefined>>();

function oldestIn(view: SegmentView): Promise<Stamp | undefined> {
  let oldest = known.get(view);
  if (oldest === undefined) {
    oldest = findOldest(view);
    known.set(view, oldest);
    oldest.catch(() => known.delete(view));
  }
  return oldest;
}

async function findOldest(view: SegmentView): Promise<Stamp | undefined> {
  const { bits, count } = pendingIn(view);
  if (count === 0) return undefined;
  const { segment } = view;
  const { rows, tombstones } = segment.manifest;
  const stamps = rows === 0 ? undefined : viewOf((await segment.versions()).stamps);
  const deletes = tombstones === 0 ? undefined : viewOf((await segment.tombstoneTable()).stamps);
  let oldest: { bytes: DataView; at: number } | undefined;
  const slice = new Slice();
  for (let position = 0; position < rows + tombstones; position++) {
    if (!hasBit(bits, position)) continue;
    const bytes = position < rows ? stamps! : deletes!;
    const at = position < rows ? position * STAMP_BYTES : (position - rows) * TOMBSTONE_BYTES;
    if (oldest === undefined || isOlder(bytes, at, oldest.bytes, oldest.at)) oldest = { bytes, at };
    if ((position & 4095) === 4095 && slice.isOver()) await slice.next();
  }
  return (
    oldest && toHex(new Uint8Array(oldest.bytes.buffer, oldest.bytes.byteOffset + oldest.at, STAMP_BYTES))
  );
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** By time and counter. */
function isOlder(a: DataView, aAt: number, b: DataView, bAt: number): boolean {
  const difference = a.getUint32(aAt) - b.getUint32(bAt);
  return difference === 0 ? a.getUint32(aAt + 4) < b.getUint32(bAt + 4) : difference < 0;
}
