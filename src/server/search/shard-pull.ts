import type { Descriptor } from '../../shared/sync/protocol.js';
import { type Position, PULL_BYTES, type ShardPage } from '../../shared/sync/protocol.js';
import type { ChangeLog, CollectionName } from '../change-log.js';

/** Which shard, in the words of the log. */
export interface ShardPlace {
  readonly name: CollectionName;
  readonly descriptor: Descriptor;
  readonly shard: number;
}

/** Another for each shard of each collection. */
export function keyOf({ descriptor, shard }: ShardPlace): string {
  return `${descriptor.id}/${shard}`;
}

export const START: Position = { cursor: 0, epoch: '', hi: 0, floor: 0 };

/** @param keys ids and stamps alone */
export function pullPage(
  log: ChangeLog,
  place: ShardPlace,
  from: Position,
  keys = false,
): Promise<ShardPage> {
  return log.pull(place.name, place.descriptor, place.shard, {
    ...from,
    keys,
    device: undefined,
    maxBytes: PULL_BYTES,
  });
}

/** Where a page leads to. */
export function positionAfter({ cursor, epoch, hi, floor }: ShardPage & { kind: 'page' }): Position {
  return { cursor, epoch, hi, floor };
}
