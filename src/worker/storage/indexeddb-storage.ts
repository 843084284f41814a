import { xxHash32 } from '../../shared/checksum.js';
import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { GpuFindings } from '../compute/gpu-findings.js';
import { Slice } from '../slices.js';
import { bytesOf, endOf, rowStateChecksum } from './commit-end.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { damagedPage, damagedRowState } from './damage-errors.js';
import { fromIdbError } from './idb-errors.js';
import type { LockMode } from './local-lock.js';
import { Reserve } from './reserve.js';
import { reservePlace } from './reserve-place.js';
import { Room } from './room.js';
import {
  type Database,
  databaseName,
  keysOf,
  OBJECT_STORES,
  type Schema,
  type StoredPage,
  type StoredRowState,
} from './schema.js';
import {
  type CollectionRow,
  type Column,
  type Commit,
  FORMAT,
  type Generation,
  GenerationConflict,
  type Page,
  type RowStateChunk,
  type Storage,
  type StoreRow,
} from './storage.js';
import { StoreLocks } from './store-locks.js';
import { newStoreRow } from './store-row.js';
import { transact, transactRead } from './transact.js';

/** Bytes handed to IndexedDB before the commit waits for them: bounds the copies that are in flight. */
const PUT_WINDOW_BYTES = 8 << 20;

export class IndexedDbStorage implements Storage {
  readonly kind = 'indexeddb';
  readonly #name: string;
  readonly #locks: StoreLocks;
  readonly #connection: Connection;
  readonly #room = new Room();
  readonly #reserve: Reserve;
  #isNew = false;

  constructor(
    private readonly storeName: string,
    events: ConnectionEvents = { onLost: () => {}, onOutdated: () => {} },
  ) {
    this.#name = databaseName(storeName);
    this.#locks = new StoreLocks(this.#name);
    this.#connection = new Connection(storeName, events);
    this.#reserve = new Reserve(
      this.#room,
      reservePlace((doing, task) => this.#connection.run(doing, task)),
    );
  }

  get isNew(): boolean {
    return this.#isNew;
  }

  get ended(): VectorStoreError | undefined {
    return this.#connection.ended;
  }

  async open(databaseId?: string): Promise<StoreRow> {
    const doing = `opening store "${this.storeName}"`;
    if (typeof indexedDB === 'undefined') {
      throw fromIdbError(new Error('this browser has no indexedDB'), doing);
    }
    if (databaseId !== undefined) this.#connection.identify(databaseId);
    const row = await this.#connection.run(doing, (database) => this.#readOrCreateStoreRow(database));
    if (row.format > FORMAT) {
      await this.close();
      throw new VectorStoreError(
        'FORMAT_TOO_NEW',
        `Store "${this.storeName}" has format ${row.format}; this release knows up to ${FORMAT}. ` +
          'Reading on could damage it, so nothing was changed. Update nearshore.',
      );
    }
    this.#connection.identify(row.databaseId);
    return row;
  }

  readStore(): Promise<StoreRow> {
    return this.#connection.run('reading the store', async (database) =>
      transactRead(database, ['meta'], async (tx) => (await tx.objectStore('meta').get('store'))!),
    );
  }

  writeGpuFindings(gpu: GpuFindings): Promise<void> {
    return this.#connection.run('remembering what was measured', (database) =>
      amendStoreRow(database, { gpu }),
    );
  }

  noteBackup(lastBackup: number): Promise<void> {
    return this.#connection.run('noting the backup', (database) => amendStoreRow(database, { lastBackup }));
  }

  async readCollections(): Promise<CollectionRow[]> {
    const rows = await this.#connection.run('listing collections', (database) =>
      transactRead(database, ['collections'], (tx) => tx.objectStore('collections').getAll()),
    );
    for (const row of rows) this.#connection.saw(row);
    return rows;
  }

  async readCollection(name: string): Promise<CollectionRow | undefined> {
    const row = await this.#connection.run(`reading collection "${name}"`, (database) =>
      transactRead(database, ['collections'], (tx) => tx.objectStore('collections').get(name)),
    );
    if (row !== undefined) this.#connection.saw(row);
    return row;
  }

  createCollection(config: CollectionConfig): Promise<CollectionRow> {
    return this.#connection.run(`creating collection "${config.name}"`, (database, attempt) =>
      transact(database, ['meta', 'collections'], 'strict', async (tx) => {
        const collections = tx.objectStore('collections');
        const existing = await collections.get(config.name);
        attempt.isUnseen = false;
        if (existing !== undefined) return existing;
        const meta = tx.objectStore('meta');
        const store = (await meta.get('store'))!;
        const id = store.nextCollection;
        const row = { id, config, generation: 0, nextSegment: 0, segments: [], clock: '' };
        await meta.put({ ...store, nextCollection: id + 1 }, 'store');
        attempt.isHandedOver = true;
        await collections.put(row, config.name);
        return row;
      }),
    );
  }

  dropCollection(name: string): Promise<boolean> {
    let wasThere = false;
    return this.#connection.run(`dropping collection "${name}"`, (database, attempt) =>
      transact(database, OBJECT_STORES, 'strict', async (tx) => {
        const row = await tx.objectStore('collections').get(name);
        attempt.isUnseen = false;
        if (row === undefined) return wasThere;
        wasThere = true;
        await tx.objectStore('collections').delete(name);
        await tx.objectStore('pages').delete(keysOf(row.id));
        attempt.isHandedOver = true;
        await tx.objectStore('rowStates').delete(keysOf(row.id));
        return true;
      }),
    );
  }

  readGeneration(name: string): Promise<Generation | undefined> {
    return this.#connection.run(`reading collection "${name}"`, async (database) => {
      const found = await transactRead(database, ['collections', 'rowStates'], async (tx) => {
        const row = await tx.objectStore('collections').get(name);
        if (row === undefined) return undefined;
        return { row, chunks: await tx.objectStore('rowStates').getAll(keysOf(row.id)) };
      });
      if (found === undefined) return undefined;
      this.#connection.saw(found.row);
      return { row: found.row, rowStates: found.chunks.map(checkedRowState) };
    });
  }

  readRowStates(collection: number, segments: readonly number[]): Promise<RowStateChunk[]> {
    return this.#connection.run('reading row states', async (database) => {
      const chunks = await transactRead(database, ['rowStates'], (tx) => {
        const rowStates = tx.objectStore('rowStates');
        // Async: where one throws at once, the others' failures would be nobody's.
        return Promise.all(segments.map(async (segment) => rowStates.getAll(keysOf(collection, segment))));
      });
      return chunks.flat().map(checkedRowState);
    });
  }

  readPages(collection: number, segment: number, column: Column, from: number, to: number) {
    return this.#connection.run(`reading ${column} of segment ${segment}`, async (database) => {
      const indexes = Array.from({ length: to - from }, (_, i) => from + i);
      const pages = await transactRead(database, ['pages'], (tx) => {
        const stored = tx.objectStore('pages');
        return Promise.all(indexes.map(async (index) => stored.get([collection, segment, column, index])));
      });
      return pages.map((page, i) => checkedPage(page, segment, column, from + i));
    });
  }

  checkRoom(bytes: number): Promise<void> {
    return this.#room.check(bytes);
  }

  commit(commit: Commit): Promise<number> {
    return this.#reserve.commit(commit, () => this.#commit(commit));
  }

  async #commit(commit: Commit): Promise<number> {
    const { collection, next } = commit;
    const checksums = await checksumsOf(commit.pages);
    const durability = commit.durability === 'disk' ? 'strict' : 'relaxed';
    await this.#connection.run(`committing ${commit.pages.length} page(s)`, (database, attempt) =>
      transact(database, ['collections', 'pages', 'rowStates'], durability, async (tx) => {
        const found = await tx.objectStore('collections').get(next.config.name);
        if (attempt.isRetry) {
          const end = await endOf(tx, commit, checksums, found);
          if (end !== 'not committed') return;
          attempt.isUnseen = false;
        }
        if (found?.id !== collection || found.generation !== commit.expectedGeneration) {
          const generation = found?.id === collection ? found.generation : undefined;
          throw new GenerationConflict(commit.expectedGeneration, generation);
        }
        const pages = tx.objectStore('pages');
        const rowStates = tx.objectStore('rowStates');
        const puts: Promise<unknown>[] = [];
        const track = (put: Promise<unknown>) => {
          // Where a later one throws at once, this one's failure would be nobody's.
          put.catch(() => undefined);
          puts.push(put);
        };
        let inFlight = 0;
        for (const [i, page] of commit.pages.entries()) {
          // A view would store its whole parent buffer.
          const bytes = page.bytes.slice();
          const key: Schema['pages']['key'] = [collection, page.segment, page.column, page.index];
          track(pages.put({ checksum: checksums[i]!, bytes }, key));
          inFlight += bytes.length;
          if (inFlight >= PUT_WINDOW_BYTES) {
            await Promise.all(puts.splice(0));
            inFlight = 0;
          }
        }
        for (const chunk of commit.rowStates) {
          const checksum = rowStateChecksum(chunk);
          track(rowStates.put({ ...chunk, checksum }, [collection, chunk.segment, chunk.chunk]));
        }
        for (const segment of commit.removedSegments) {
          track(pages.delete(keysOf(collection, segment.id)));
          track(rowStates.delete(keysOf(collection, segment.id)));
        }
        attempt.isHandedOver = true;
        track(tx.objectStore('collections').put(next, next.config.name));
        await Promise.all(puts);
      }),
    );
    this.#connection.saw(next);
    return bytesOf(commit);
  }

  exclusively<T>(task: () => Promise<T>): Promise<T> {
    return this.#locks.exclusively(task);
  }

  maintenanceLock<T>(mode: LockMode, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#locks.maintenanceLock(mode, task, signal);
  }

  destroy(): Promise<void> {
    return this.#connection.destroy();
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #readOrCreateStoreRow(database: Database): Promise<StoreRow> {
    return transact(database, ['meta'], 'strict', async (tx) => {
      const meta = tx.objectStore('meta');
      const found = await meta.get('store');
      if (found !== undefined) return found;
      const row = newStoreRow();
      await meta.put(row, 'store');
      this.#isNew = true;
      return row;
    });
  }
}

/** Relaxed: what a power cut takes of this is measured again, or told as it was before. */
function amendStoreRow(database: Database, change: Partial<StoreRow>): Promise<void> {
  return transact(database, ['meta'], 'relaxed', async (tx) => {
    const meta = tx.objectStore('meta');
    await meta.put({ ...(await meta.get('store'))!, ...change }, 'store');
  });
}

/** Encoding comes before the transaction: awaiting anything else inside would end it. */
async function checksumsOf(pages: readonly Page[]): Promise<number[]> {
  const slice = new Slice();
  const checksums: number[] = [];
  for (const page of pages) {
    checksums.push(xxHash32(page.bytes));
    if (slice.isOver()) await slice.next();
  }
  return checksums;
}

function checkedRowState({ checksum, ...chunk }: StoredRowState): RowStateChunk {
  const isWhole = chunk.dead instanceof Uint8Array && rowStateChecksum(chunk) === checksum;
  if (!isWhole) throw damagedRowState(chunk.segment, chunk.chunk);
  return chunk;
}

function checkedPage(page: StoredPage | undefined, segment: number, column: Column, index: number) {
  const bytes = page?.bytes;
  if (bytes === undefined) throw damagedPage(segment, column, index, 'is missing');
  // As written: an array of its own, so that its words are aligned.
  const isWhole = bytes instanceof Uint8Array && bytes.byteOffset === 0;
  if (!isWhole || xxHash32(bytes) !== page!.checksum) {
    throw damagedPage(segment, column, index, 'does not match its checksum');
  }
  return bytes;
}
