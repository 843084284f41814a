import { VectorStoreError } from '../shared/errors.js';
import { kindOf, shown } from '../shared/plain-object.js';
import { unpackString } from '../shared/string-column.js';
import type { Entry, WithVector } from '../shared/sync/protocol.js';
import type { SyncConflict } from '../shared/sync/sync-types.js';
import type { CollectionConfig, StoredRecord, VectorRecord } from '../shared/types.js';
import type { MergedOnWire, SidesOnWire } from '../shared/worker-api.js';
import { packRecords } from './pack-records.js';

/** Two sides of a conflict, as `onConflict` sees them. */
export function conflictOf({ local, remote }: SidesOnWire, lost: boolean): SyncConflict {
  return { id: local.id, local: recordOf(local), remote: recordOf(remote), lost };
}

/** What `onConflict` has returned, for the worker; throws where it is nothing that can be stored. */
export function mergedOnWire(
  resolution: unknown,
  { local }: SidesOnWire,
  config: CollectionConfig,
): MergedOnWire {
  const { id } = local;
  if (resolution === 'remote') return resolution;
  if (resolution === 'delete') return { kind: 'delete', id, vector: undefined };
  if (resolution === 'local') {
    const { stamp: _stamp, ...content } = local;
    return content;
  }
  if (typeof resolution !== 'object' || resolution === null) {
    const what = typeof resolution === 'string' ? shown(resolution) : kindOf(resolution);
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `onConflict returned ${what} for "${id}". Under 'compare-and-set' it decides what both devices have from now on. ` +
        "Return { vector, text, metadata }, 'local', 'remote' or 'delete'.",
    );
  }
  const { vectors, metadata, texts } = packRecords([{ ...resolution, id } as VectorRecord], config, false);
  return {
    kind: 'upsert',
    id,
    vector: vectors,
    ...(metadata !== undefined && { metadata: unpackString(metadata, 0) }),
    ...(texts !== undefined && { text: unpackString(texts, 0) }),
  };
}

function recordOf(entry: WithVector<Entry> | undefined): StoredRecord | undefined {
  if (entry === undefined || entry.kind === 'delete') return undefined;
  const { id, metadata, text, vector } = entry;
  return {
    id,
    ...(metadata !== undefined && { metadata: JSON.parse(metadata) }),
    ...(text !== undefined && { text }),
    ...(vector !== undefined && { vector }),
  };
}
