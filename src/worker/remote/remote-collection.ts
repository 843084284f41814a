import { VectorStoreError } from '../../shared/errors.js';
import type { StringColumn } from '../../shared/string-column.js';
import type {
  ChangeEvent,
  CollectionConfig,
  CollectionStats,
  ListOptions,
  Query,
} from '../../shared/types.js';
import type {
  KeptVectors,
  MatchesOnWire,
  PackedRecords,
  QueryOnWire,
  RecordsOnWire,
  WrittenOnWire,
} from '../../shared/worker-api.js';
import type { CallOptions } from '../collection/call-options.js';
import { MAX_EVENT_IDS } from '../collection/change-events.js';
import type { CollectionCalls } from '../collection/collection-calls.js';
import { checkedNorms } from '../collection/writes.js';
import type { TextVectors } from '../embed/text-vectors.js';
import { joinRecords, ofServer } from './join-matches.js';
import { getAll, type Reads } from './patient-reads.js';
import { searchRemotely } from './remote-search.js';
import { RemoteWriter, type WriterParts } from './remote-writer.js';
import { deletedItems, metadataItems, recordItems, type WriteItems } from './write-items.js';

export interface RemoteCollectionParts extends WriterParts {
  readonly reads: Reads;
  readonly texts: TextVectors;
  readonly onChange: (event: ChangeEvent) => void;
}

/** A collection of which nothing is kept here (SPEC, O7 to O11). */
export class RemoteCollection implements CollectionCalls {
  readonly #reads: Reads;
  readonly #texts: TextVectors;
  readonly #writer: RemoteWriter;

  constructor(
    readonly config: CollectionConfig,
    private readonly parts: RemoteCollectionParts,
  ) {
    this.#reads = parts.reads;
    this.#texts = parts.texts;
    this.#writer = new RemoteWriter(parts, (kind, ids, count) =>
      this.tell({ kind, ids: ids.slice(0, MAX_EVENT_IDS), count, origin: 'local' }),
    );
  }

  /** Tells the page. */
  tell(event: Omit<ChangeEvent, 'collection' | 'generation'>): void {
    this.parts.onChange({ collection: this.config.name, generation: 0, ...event });
  }

  async upsert(
    records: PackedRecords,
    mode: 'upsert' | 'insert',
    _durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire> {
    await this.#texts.fillIn(records, options, () => this.keptVectors());
    await checkedNorms(records, this.config, options.signal);
    return this.#write(recordItems(records, this.config.dimension, mode), options);
  }

  /** None: asking for them would be as many bytes on the way as it spares. */
  async keptVectors(): Promise<KeptVectors> {
    return { positions: [], vectors: new Float32Array(0) };
  }

  setMetadata(
    ids: StringColumn,
    metadata: StringColumn,
    _durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire> {
    return this.#write(metadataItems(ids, metadata), options);
  }

  async delete(
    which: { ids: readonly string[] } | { filter: Query['filter'] },
    _durability: 'disk' | 'memory',
    options: CallOptions,
  ): Promise<WrittenOnWire> {
    if ('ids' in which) return this.#write(deletedItems([...new Set(which.ids)]), options);
    return { count: await this.#writer.deleteWhere(which.filter!, options.signal), generation: 0 };
  }

  async get(
    ids: readonly string[],
    includeVectors: boolean,
    { signal }: CallOptions,
  ): Promise<{ found: boolean[]; records: RecordsOnWire }> {
    const { found, parts } = await getAll(this.#reads, ids, includeVectors, signal);
    return { found, records: parts.length === 0 ? { ids: [] } : joinRecords(parts) };
  }

  count(filter: Query['filter'], { signal }: CallOptions): Promise<number> {
    return this.#reads.count(filter === undefined ? {} : { filter }, signal);
  }

  async list(
    { filter, limit = 100, cursor, includeVectors = false }: ListOptions,
    { signal }: CallOptions,
  ): Promise<{ records: RecordsOnWire; cursor: string | undefined }> {
    const asked = {
      limit,
      includeVectors,
      ...(filter !== undefined && { filter }),
      ...(cursor !== undefined && { cursor }),
    };
    const page = await this.#reads.list(asked, signal);
    return { records: page.records, cursor: page.cursor };
  }

  async query(queries: readonly QueryOnWire[], options: CallOptions): Promise<MatchesOnWire[]> {
    for (const query of queries) refuseLocal(this.config.name, query);
    const answers = await searchRemotely(
      this.#reads,
      await this.#withVectors(queries, options),
      options.signal,
    );
    return answers.map(ofServer);
  }

  async optimize(): Promise<void> {}

  async discardQuarantined(): Promise<{ records: number }> {
    return { records: 0 };
  }

  async stats(options: CallOptions): Promise<CollectionStats> {
    return {
      ...this.config,
      records: await this.count(undefined, options),
      deadRecords: 0,
      segments: 0,
      memoryBytes: 0,
      vectorBytes: 0,
      diskBytes: 0,
      bytesWritten: 0,
      generation: 0,
      quarantined: { segments: 0, records: 0 },
      heldAs: { float32: 0, int16: 0, int8: 0, storage: 0 },
      index: { kind: 'flat', lists: 0, indexedRows: 0 },
    };
  }

  async #write(items: WriteItems, options: CallOptions): Promise<WrittenOnWire> {
    if (items.ids.length === 0) return { count: 0, generation: 0 };
    return { count: await this.#writer.write(items, options), generation: 0 };
  }

  /** A server knows no texts. */
  async #withVectors(queries: readonly QueryOnWire[], options: CallOptions): Promise<QueryOnWire[]> {
    const texts = queries.flatMap(({ text }) => (text === undefined ? [] : [{ text, isRequired: true }]));
    const vectors = (await this.#texts.ofQueries(texts, options)).values();
    return queries.map(({ text, ...query }) =>
      text === undefined ? query : { ...query, vector: vectors.next().value! },
    );
  }
}

function refuseLocal(name: string, query: QueryOnWire): void {
  const ranking = (['keyword', 'hybrid', 'groupBy', 'diversity'] as const).find(
    (key) => query[key] !== undefined,
  );
  if (ranking === undefined && query.scope !== 'local') return;
  const given = ranking ?? "scope: 'local'";
  throw new VectorStoreError(
    'INVALID_ARGUMENT',
    `A query of collection "${name}" has ${given}, which the device answers, and here it keeps nothing: the store was opened with storage: 'remote'. An answer without it would be wrong. Leave it out, or open the store with storage: 'indexeddb'.`,
  );
}
