import type { StringColumn } from '../../shared/string-column.js';
import type { CollectionStats, ListOptions, Query } from '../../shared/types.js';
import type {
  KeptVectors,
  MatchesOnWire,
  PackedRecords,
  QueryOnWire,
  RecordsOnWire,
  WrittenOnWire,
} from '../../shared/worker-api.js';
import type { CallOptions } from './call-options.js';

/** What a page's calls need of a collection, wherever its records are. */
export interface CollectionCalls {
  /** Vectors of those that are there with the same text. */
  keptVectors(ids: StringColumn, texts: StringColumn): Promise<KeptVectors>;
  upsert(
    records: PackedRecords,
    mode: 'upsert' | 'insert',
    durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire>;
  setMetadata(
    ids: StringColumn,
    metadata: StringColumn,
    durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire>;
  delete(
    which: { ids: readonly string[] } | { filter: Query['filter'] },
    durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire>;
  get(
    ids: readonly string[],
    includeVectors: boolean,
    options: CallOptions,
  ): Promise<{ found: boolean[]; records: RecordsOnWire }>;
  count(filter: Query['filter'], options: CallOptions): Promise<number>;
  list(
    page: ListOptions,
    options: CallOptions,
  ): Promise<{ records: RecordsOnWire; cursor: string | undefined }>;
  query(queries: readonly QueryOnWire[], options: CallOptions): Promise<MatchesOnWire[]>;
  optimize(options: CallOptions): Promise<void>;
  discardQuarantined(options: CallOptions): Promise<{ records: number }>;
  stats(options: CallOptions): Promise<CollectionStats>;
}
