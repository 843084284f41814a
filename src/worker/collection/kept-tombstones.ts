import { joinBytes } from '../../shared/bytes.js';
import { millisecondsOf, STAMP_BYTES } from '../../shared/stamp.js';
import { bytesOf, StringColumnBuilder } from '../../shared/string-column.js';
import { MAX_AHEAD_MS } from '../../shared/sync/protocol.js';
import { hasBit } from '../bitmap.js';
import type { SyncRow } from '../sync/mirror.js';
import type { SegmentView } from './segment-view.js';
import { TOMBSTONE_BYTES, type Tombstones } from './segment-writer.js';

export interface KeptTombstones {
  readonly tombstones: Tombstones | undefined;
  /** [view][tombstone]: where it went, or −1. */
  readonly newTombstones: readonly Int32Array[];
}

/** The tombstones that a merge of these segments has to keep (SPEC, S8 and Y14). */
export async function keptTombstones(
  views: readonly SegmentView[],
  sync: SyncRow | undefined,
  now: number,
): Promise<KeptTombstones> {
  const ids = new StringColumnBuilder(views.reduce((sum, view) => sum + view.segment.manifest.tombstones, 0));
  const stamps: Uint8Array[] = [];
  const newTombstones: Int32Array[] = [];
  for (const view of views) {
    const { segment } = view;
    const places = new Int32Array(segment.manifest.tombstones).fill(-1);
    newTombstones.push(places);
    const own = await segment.tombstones();
    for (let i = 0; i < places.length; i++) {
      const pair = own!.stamps.subarray(i * TOMBSTONE_BYTES, (i + 1) * TOMBSTONE_BYTES);
      if (!isNeeded(view, i, pair, sync, now)) continue;
      places[i] = stamps.length;
      ids.pushBytes(bytesOf(own!.ids, i));
      stamps.push(pair);
    }
  }
  const tombstones = stamps.length === 0 ? undefined : { ids: ids.finish(), stamps: joinBytes(stamps) };
  return { tombstones, newTombstones };
}

function isNeeded(
  { segment, pushed, superseded }: SegmentView,
  tombstone: number,
  pair: Uint8Array,
  sync: SyncRow | undefined,
  now: number,
): boolean {
  if (superseded !== undefined && hasBit(superseded, tombstone)) return false;
  // Where no server is involved, it can be needed only where one may know the record.
  if (sync === undefined) return pair.subarray(STAMP_BYTES).some((byte) => byte !== 0);
  const isPending = pushed === undefined || !hasBit(pushed, segment.rows + tombstone);
  if (isPending || sync.lastSyncedAt === undefined) return true;
  // That of a tombstone which was acknowledged late tells when.
  const since = Math.max(millisecondsOf(pair), millisecondsOf(pair.subarray(STAMP_BYTES)));
  // The device's clock may have been set wrong since a server has told the time.
  const known = Math.min(now, sync.lastSyncedAt + sync.clockOffsetMs);
  return since + MAX_AHEAD_MS + sync.descriptor.tombstoneLifeMs > known;
}
