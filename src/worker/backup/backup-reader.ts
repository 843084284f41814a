import { checkDimension, checkMetric, checkName } from '../../shared/argument-check.js';
import type { CollectionConfig } from '../../shared/types.js';
import { damagedBackup } from './backup-errors.js';
import { type BackupEnd, type CollectionHead, FRAME, type StoreHead } from './backup-format.js';
import type { ByteSource } from './byte-source.js';
import { type Frame, readFrames } from './frame-reader.js';
import { type RecordColumns, unpackRecordsFrame } from './records-frame.js';

/** Of a head: a hundred thousand collections fit. More would take many times as much memory once it is parsed. */
const MAX_JSON_BYTES = 16 << 20;

export type BackupPart =
  | { readonly kind: 'store'; readonly collections: readonly CollectionConfig[] }
  | { readonly kind: 'collection'; readonly config: CollectionConfig }
  | { readonly kind: 'records'; readonly config: CollectionConfig; readonly columns: RecordColumns };

/**
 * What a file says, part by part. Heads, lengths and counts are checked and agree; what is in the records is not. Whoever
 * has got all parts has got all records.
 */
export async function* readBackup(source: ByteSource): AsyncGenerator<BackupPart, void, undefined> {
  const seen = { collections: 0, records: 0 };
  let announced: readonly CollectionConfig[] | undefined;
  let current: CollectionHead | undefined;
  /** Records of the current collection that are still to come. */
  let missing = 0;
  for await (const { type, payload } of readFrames(source)) {
    if ((type === FRAME.store) !== (announced === undefined))
      throw damagedBackup('its frames are in another order');
    if (type !== FRAME.records && missing > 0) {
      throw damagedBackup(`${missing} records of collection "${current!.name}" are missing`);
    }
    if (type === FRAME.store) {
      announced = storeHead(payload).collections;
      yield { kind: 'store', collections: announced };
    } else if (type === FRAME.collection) {
      current = collectionHead(payload, announced?.[seen.collections]);
      missing = current.records;
      seen.collections++;
      yield { kind: 'collection', config: configOf(current) };
    } else if (type === FRAME.records) {
      const columns = recordsOf(payload, current);
      missing -= columns.ids.offsets.length - 1;
      seen.records += columns.ids.offsets.length - 1;
      if (missing < 0) throw damagedBackup(`collection "${current!.name}" has ${-missing} records too many`);
      yield { kind: 'records', config: configOf(current!), columns };
    } else {
      const end = json<BackupEnd>(payload);
      const isWhole = end.collections === seen.collections && end.records === seen.records;
      if (!isWhole || seen.collections !== announced!.length)
        throw damagedBackup('it lacks some of its records');
    }
  }
}

function recordsOf(payload: Frame['payload'], current: CollectionHead | undefined): RecordColumns {
  if (current === undefined) throw damagedBackup('its records belong to no collection');
  return unpackRecordsFrame(payload, current.dimension);
}

function storeHead(payload: Frame['payload']): StoreHead {
  const head = json<StoreHead>(payload);
  if (!Array.isArray(head.collections)) throw damagedBackup('it does not list its collections');
  for (const config of head.collections) checkConfig(config);
  const names = new Set(head.collections.map(({ name }) => name));
  if (names.size < head.collections.length) throw damagedBackup('it has one collection twice');
  return head;
}

function collectionHead(payload: Frame['payload'], announced: CollectionConfig | undefined): CollectionHead {
  const head = json<CollectionHead>(payload);
  checkConfig(head);
  const keys = ['name', 'dimension', 'metric', 'embeddingSpace', 'conflict'] as const;
  if (keys.some((key) => head[key] !== announced?.[key])) {
    throw damagedBackup(`collection "${head.name}" is not the one that was announced`);
  }
  if (!Number.isSafeInteger(head.records) || head.records < 0) {
    throw damagedBackup(`collection "${head.name}" does not say how many records it has`);
  }
  return head;
}

function checkConfig(config: unknown): asserts config is CollectionConfig {
  const { name, dimension, metric, embeddingSpace, conflict } = (config ?? {}) as Record<string, unknown>;
  try {
    checkName('collection', name);
    checkDimension(dimension);
    checkMetric(metric);
  } catch (error) {
    throw damagedBackup('it has a collection with settings that none can have', error);
  }
  if (embeddingSpace !== undefined && (typeof embeddingSpace !== 'string' || embeddingSpace === '')) {
    throw damagedBackup(`collection "${name}" has an embedding space that none can have`);
  }
  if (conflict !== undefined && conflict !== 'compare-and-set') {
    throw damagedBackup(`collection "${name}" has a conflict policy that none can have`);
  }
}

function configOf({ name, dimension, metric, embeddingSpace, conflict }: CollectionConfig): CollectionConfig {
  return {
    name,
    dimension,
    metric,
    ...(embeddingSpace !== undefined && { embeddingSpace }),
    ...(conflict !== undefined && { conflict }),
  };
}

function json<T extends object>(payload: Frame['payload']): T {
  if (payload.length > MAX_JSON_BYTES) throw damagedBackup(`one of its heads takes ${payload.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw damagedBackup('one of its heads is not JSON', error);
  }
  if (typeof value !== 'object' || value === null) throw damagedBackup('one of its heads is not an object');
  return value as T;
}
