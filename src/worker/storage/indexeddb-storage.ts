import { xxHash32 } from '../../shared/checksum.js';
import type { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { GpuFindings } from '../compute/gpu-findings.js';
import { Slice } from '../slices.js';
import { isBuilding } from './building.js';
import { type CollectionEntry, chunksOf, entriesOf, freeId, unlisted } from './collection-entries.js';
import { bytesOf, endOf } from './commit-end.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { fromIdbError, tooNew } from './idb-errors.js';
import type { LockMode } from './local-lock.js';
import { Reserve } from './reserve.js';
import { reservePlace } from './reserve-place.js';
import { Room } from './room.js';
import { type Database, databaseName, keysOf, OBJECT_STORES } from './schema.js';
import {
  type CollectionRow,
  type Column,
  type Commit,
  checkUnchanged,
  FORMAT,
  type Generation,
  GenerationConflict,
  type Page,
  type RawPage,
  type Replacement,
  type RowStateChunk,
  type Storage,
  type StoreRow,
} from './storage.js';
import { StoreLocks } from './store-locks.js';
import { soundStoreRow } from './store-row.js';
import {
  fromStoredCollection,
  fromStoredPage,
  fromStoredRowState,
  type PageKey,
  type RowStateKey,
  toRawPage,
  toStoredCollection,
  toStoredPage,
  toStoredRowState,
} from './stored.js';
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
  /** As it was opened: what of it is damaged meanwhile is taken from here. */
  #row: StoreRow | undefined;

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
      throw tooNew(this.storeName, row.format);
    }
    this.#connection.identify(row.databaseId);
    this.#row = row;
    return row;
  }

  readStore(): Promise<StoreRow> {
    return this.#connection.run('reading the store', async (database) =>
      transactRead(database, ['meta'], async (tx) =>
        soundStoreRow(await tx.objectStore('meta').get('store'), this.#row),
      ),
    );
  }

  writeGpuFindings(gpu: GpuFindings): Promise<void> {
    return this.#connection.run('remembering what was measured', (database) =>
      this.#amend(database, { gpu }),
    );
  }

  noteBackup(lastBackup: number): Promise<void> {
    return this.#connection.run('noting the backup', (database) => this.#amend(database, { lastBackup }));
  }

  async readCollections(): Promise<CollectionRow[]> {
    const entries = await this.#entries();
    const rows = entries.flatMap(({ row }) => (row === undefined ? [] : [row]));
    for (const row of rows) this.#connection.saw(row);
    return rows.filter(({ config }) => !isBuilding(config.name));
  }

  async damagedCollections(): Promise<string[]> {
    const entries = await this.#entries();
    return entries.flatMap(({ name, row }) => (row === undefined && !isBuilding(name) ? [name] : []));
  }

  async readCollection(name: string): Promise<CollectionRow | undefined> {
    const stored = await this.#connection.run(`reading collection "${name}"`, (database) =>
      transactRead(database, ['collections'], (tx) => tx.objectStore('collections').get(name)),
    );
    const row = fromStoredCollection(stored, name);
    if (row !== undefined) this.#connection.saw(row);
    return row;
  }

  createCollection(config: CollectionConfig): Promise<CollectionRow> {
    return this.#connection.run(`creating collection "${config.name}"`, (database, attempt) =>
      transact(database, OBJECT_STORES, 'strict', async (tx) => {
        const collections = tx.objectStore('collections');
        const existing = fromStoredCollection(await collections.get(config.name), config.name);
        attempt.isUnseen = false;
        if (existing !== undefined) return existing;
        const meta = tx.objectStore('meta');
        const store = soundStoreRow(await meta.get('store'), this.#row);
        const id = await freeId(tx, store.nextCollection);
        const row = { id, config, generation: 0, nextSegment: 0, segments: [], clock: '' };
        await meta.put({ ...store, nextCollection: id + 1 }, 'store');
        attempt.isHandedOver = true;
        await collections.put(toStoredCollection(row), config.name);
        return row;
      }),
    );
  }

  async replaceCollection({ old, by, next }: Replacement): Promise<void> {
    const { name } = old.config;
    await this.#connection.run(`replacing collection "${name}"`, (database, attempt) =>
      transact(database, ['collections', 'pages', 'rowStates'], 'strict', async (tx) => {
        const collections = tx.objectStore('collections');
        const found = fromStoredCollection(await collections.get(name), name);
        const foundBy = fromStoredCollection(await collections.get(by.config.name), by.config.name);
        attempt.isUnseen = false;
        if (found?.id === next.id) return;
        checkUnchanged(old, found);
        checkUnchanged(by, foundBy);
        await tx.objectStore('pages').delete(keysOf(old.id));
        await tx.objectStore('rowStates').delete(keysOf(old.id));
        await collections.delete(by.config.name);
        attempt.isHandedOver = true;
        await collections.put(toStoredCollection(next), name);
      }),
    );
    this.#connection.saw(next);
  }

  dropCollection(name: string): Promise<boolean> {
    let wasThere = false;
    return this.#connection.run(`dropping collection "${name}"`, (database, attempt) =>
      transact(database, OBJECT_STORES, 'strict', async (tx) => {
        const entries = await entriesOf(tx.objectStore('collections'));
        attempt.isUnseen = false;
        const dropped = entries.find((entry) => entry.name === name);
        if (dropped === undefined) return wasThere;
        wasThere = true;
        const left = entries.filter((entry) => entry !== dropped);
        for (const id of dropped.row === undefined ? await unlisted(tx, left) : [dropped.row.id]) {
          await tx.objectStore('pages').delete(keysOf(id));
          await tx.objectStore('rowStates').delete(keysOf(id));
        }
        attempt.isHandedOver = true;
        await tx.objectStore('collections').delete(name);
        return true;
      }),
    );
  }

  readGeneration(name: string): Promise<Generation | undefined> {
    return this.#connection.run(`reading collection "${name}"`, async (database) => {
      const found = await transactRead(database, ['collections', 'rowStates'], async (tx) => {
        const row = fromStoredCollection(await tx.objectStore('collections').get(name), name);
        return row && { row, chunks: await chunksOf(tx.objectStore('rowStates'), keysOf(row.id)) };
      });
      if (found === undefined) return undefined;
      this.#connection.saw(found.row);
      const listed = new Set(found.row.segments.map(({ id }) => id));
      const chunks = found.chunks.filter(({ key: [, segment] }) => listed.has(segment));
      return { row: found.row, rowStates: chunks.map(({ value, key }) => fromStoredRowState(value, key)) };
    });
  }

  readRowStates(collection: number, segments: readonly number[]): Promise<RowStateChunk[]> {
    return this.#connection.run('reading row states', async (database) => {
      const chunks = await transactRead(database, ['rowStates'], (tx) => {
        const rowStates = tx.objectStore('rowStates');
        // Async: where one throws at once, the others' failures would be nobody's.
        return Promise.all(segments.map(async (segment) => chunksOf(rowStates, keysOf(collection, segment))));
      });
      return chunks.flat().map(({ value, key }) => fromStoredRowState(value, key));
    });
  }

  readPages(collection: number, segment: number, column: Column, from: number, to: number) {
    return this.#connection.run(`reading ${column} of segment ${segment}`, async (database) => {
      const keys = Array.from(
        { length: to - from },
        (_, i): PageKey => [collection, segment, column, from + i],
      );
      const pages = await transactRead(database, ['pages'], (tx) => {
        const stored = tx.objectStore('pages');
        return Promise.all(keys.map(async (key) => stored.get(key)));
      });
      return pages.map((page, i) => fromStoredPage(page, keys[i]!));
    });
  }

  readRawPage(
    collection: number,
    segment: number,
    column: Column,
    index: number,
  ): Promise<RawPage | undefined> {
    const key: PageKey = [collection, segment, column, index];
    return this.#connection.run(`reading ${column} of segment ${segment}`, async (database) =>
      toRawPage(await transactRead(database, ['pages'], (tx) => tx.objectStore('pages').get(key)), key),
    );
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
        const stored = await tx.objectStore('collections').get(next.config.name);
        const found = fromStoredCollection(stored, next.config.name);
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
          const key: PageKey = [collection, page.segment, page.column, page.index];
          track(pages.put(toStoredPage(key, bytes, checksums[i]!), key));
          inFlight += bytes.length;
          if (inFlight >= PUT_WINDOW_BYTES) {
            await Promise.all(puts.splice(0));
            inFlight = 0;
          }
        }
        for (const chunk of commit.rowStates) {
          const key: RowStateKey = [collection, chunk.segment, chunk.chunk];
          track(rowStates.put(toStoredRowState(key, chunk), key));
        }
        for (const segment of commit.removedSegments) {
          track(pages.delete(keysOf(collection, segment.id)));
          track(rowStates.delete(keysOf(collection, segment.id)));
        }
        attempt.isHandedOver = true;
        track(tx.objectStore('collections').put(toStoredCollection(next), next.config.name));
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

  reembedLock<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#locks.reembedLock(task, signal);
  }

  destroy(): Promise<void> {
    return this.#connection.destroy();
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #entries(): Promise<CollectionEntry[]> {
    return this.#connection.run('listing collections', (database) =>
      transactRead(database, ['collections'], (tx) => entriesOf(tx.objectStore('collections'))),
    );
  }

  #readOrCreateStoreRow(database: Database): Promise<StoreRow> {
    return transact(database, ['meta', 'collections'], 'strict', async (tx) => {
      const meta = tx.objectStore('meta');
      const found = await meta.get('store');
      const row = soundStoreRow(found);
      if (row === found || row.format > FORMAT) return row;
      const isEmpty = (await tx.objectStore('collections').count()) === 0;
      await meta.put(row, 'store');
      this.#isNew = found === undefined && isEmpty;
      return row;
    });
  }

  /** Relaxed: what a power cut takes of this is measured again, or told as it was before. */
  #amend(database: Database, change: Partial<StoreRow>): Promise<void> {
    return transact(database, ['meta'], 'relaxed', async (tx) => {
      const meta = tx.objectStore('meta');
      await meta.put({ ...soundStoreRow(await meta.get('store'), this.#row), ...change }, 'store');
    });
  }
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
