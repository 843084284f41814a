import { bytesOf, type StringColumn, unpackString } from '../../../shared/string-column.js';
import type { Entry } from '../../../shared/sync/protocol.js';
import { shardOfBytes } from '../../../shared/sync/shard-of.js';
import { type Bitmap, hasBit } from '../../bitmap.js';
import { Slice } from '../../slices.js';
import type { SegmentView } from '../segment-view.js';
import type { Snapshot } from '../snapshot.js';
import { type Local, versionsOf } from './local.js';

/** As MAX_ID_BYTES, and more than servers take. */
const SCRATCH_BYTES = 512;

/** Calls back with the live records and the tombstones of one shard. Ids of others are not even decoded. */
export async function walkShard(
  { views, row: { sync } }: Snapshot,
  shard: number,
  visit: (local: Local) => void,
): Promise<void> {
  const { shards } = sync!.descriptor;
  // Hashed where it is aligned.
  const scratch = new Uint8Array(SCRATCH_BYTES);
  const slice = new Slice();
  for (const [source, view] of views.entries()) {
    for (const { kind, ids, gone } of await columnsOf(view)) {
      const versionAt = await versionsOf(view, kind);
      const count = ids.offsets.length - 1;
      for (let at = 0; at < count; at++) {
        if ((at & 1023) === 1023 && slice.isOver()) await slice.next();
        if (gone !== undefined && hasBit(gone, at)) continue;
        const bytes = bytesOf(ids, at);
        scratch.set(bytes);
        if (shardOfBytes(scratch.subarray(0, bytes.length), shards) !== shard) continue;
        visit({ id: unpackString(ids, at), kind, source, at, ...versionAt(at) });
      }
    }
  }
}

interface Ids {
  readonly kind: Entry['kind'];
  readonly ids: StringColumn;
  readonly gone: Bitmap | undefined;
}

async function columnsOf({ segment, dead, superseded }: SegmentView): Promise<Ids[]> {
  const { rows, tombstones } = segment.manifest;
  return [
    ...(rows === 0 ? [] : [{ kind: 'upsert', ids: await segment.ids(), gone: dead } as const]),
    ...(tombstones === 0
      ? []
      : [{ kind: 'delete', ids: (await segment.tombstoneTable()).ids, gone: superseded } as const]),
  ];
}
