import { deleteDB, openDB } from 'idb';
import { xxHash32 } from '../../shared/checksum.js';
import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { GpuFindings } from '../compute/gpu-findings.js';
import { Slice } from '../slices.js';
import { damagedPage, damagedRowState } from './damage-errors.js';
import { fromIdbError } from './idb-errors.js';
import type { LockMode } from './local-lock.js';
import {
  DATABASE_VERSION,
  type Database,
  databaseName,
  keysOf,
  OBJECT_STORES,
  type Schema,
  type StoredPage,
  type StoredRowState,
  upgradeDatabase,
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

/** How long another tab may keep us waiting before we say so. */
const BLOCKED_MS = 10_000;

/** Bytes handed to IndexedDB before the commit waits for them: bounds the copies that are in flight. */
const PUT_WINDOW_BYTES = 8 << 20;

export class IndexedDbStorage implements Storage {
  readonly kind = 'indexeddb';
  readonly #name: string;
  readonly #locks: StoreLocks;
  #database: Database | undefined;

  constructor(private readonly storeName: string) {
    this.#name = databaseName(storeName);
    this.#locks = new StoreLocks(this.#name);
  }

  async open(): Promise<StoreRow> {
    if (typeof indexedDB === 'undefined') {
      throw fromIdbError(new Error('this browser has no indexedDB'), `opening store "${this.storeName}"`);
    }
    return this.#guard(`opening store "${this.storeName}"`, async () => {
      this.#database = await this.#connect();
      const row = await this.#readOrCreateStoreRow(this.#database);
      if (row.format > FORMAT) {
        await this.close();
        throw new VectorStoreError(
          'FORMAT_TOO_NEW',
          `Store "${this.storeName}" has format ${row.format}; this release knows up to ${FORMAT}. ` +
            'Reading on could damage it, so nothing was changed. Update nearshore.',
        );
      }
      return row;
    });
  }

  readStore(): Promise<StoreRow> {
    return this.#guard('reading the store', async () => (await this.#db().get('meta', 'store'))!);
  }

  writeGpuFindings(gpu: GpuFindings): Promise<void> {
    return this.#guard('remembering what was measured', async () => {
      const tx = this.#db().transaction('meta', 'readwrite', { durability: 'relaxed' });
      const done = settled(tx.done);
      await tx.store.put({ ...(await tx.store.get('store'))!, gpu }, 'store');
      await done();
    });
  }

  readCollections(): Promise<CollectionRow[]> {
    return this.#guard('listing collections', () => this.#db().getAll('collections'));
  }

  readCollection(name: string): Promise<CollectionRow | undefined> {
    return this.#guard(`reading collection "${name}"`, () => this.#db().get('collections', name));
  }

  createCollection(config: CollectionConfig): Promise<CollectionRow> {
    return this.#guard(`creating collection "${config.name}"`, async () => {
      const tx = this.#db().transaction(['meta', 'collections'], 'readwrite', { durability: 'strict' });
      const done = settled(tx.done);
      let row = await tx.objectStore('collections').get(config.name);
      if (row === undefined) {
        const store = (await tx.objectStore('meta').get('store'))!;
        row = { id: store.nextCollection, config, generation: 0, nextSegment: 0, segments: [], clock: '' };
        await tx.objectStore('meta').put({ ...store, nextCollection: store.nextCollection + 1 }, 'store');
        await tx.objectStore('collections').put(row, config.name);
      }
      await done();
      return row;
    });
  }

  dropCollection(name: string): Promise<boolean> {
    return this.#guard(`dropping collection "${name}"`, async () => {
      const tx = this.#db().transaction(OBJECT_STORES, 'readwrite', { durability: 'strict' });
      const done = settled(tx.done);
      const row = await tx.objectStore('collections').get(name);
      if (row !== undefined) {
        await tx.objectStore('collections').delete(name);
        await tx.objectStore('pages').delete(keysOf(row.id));
        await tx.objectStore('rowStates').delete(keysOf(row.id));
      }
      await done();
      return row !== undefined;
    });
  }

  readGeneration(name: string): Promise<Generation | undefined> {
    return this.#guard(`reading collection "${name}"`, async () => {
      const tx = this.#db().transaction(['collections', 'rowStates']);
      const row = await tx.objectStore('collections').get(name);
      if (row === undefined) return undefined;
      const chunks = await tx.objectStore('rowStates').getAll(keysOf(row.id));
      return { row, rowStates: chunks.map(checkedRowState) };
    });
  }

  readRowStates(collection: number, segments: readonly number[]): Promise<RowStateChunk[]> {
    return this.#guard('reading row states', async () => {
      const tx = this.#db().transaction('rowStates');
      const chunks = await Promise.all(
        segments.map((segment) => tx.store.getAll(keysOf(collection, segment))),
      );
      return chunks.flat().map(checkedRowState);
    });
  }

  readPages(collection: number, segment: number, column: Column, from: number, to: number) {
    return this.#guard(`reading ${column} of segment ${segment}`, async () => {
      const tx = this.#db().transaction('pages');
      const indexes = Array.from({ length: to - from }, (_, i) => from + i);
      const pages = await Promise.all(
        indexes.map((index) => tx.store.get([collection, segment, column, index])),
      );
      return pages.map((page, i) => checkedPage(page, segment, column, from + i));
    });
  }

  async commit(commit: Commit): Promise<number> {
    const checksums = await checksumsOf(commit.pages);
    return this.#guard(`committing ${commit.pages.length} page(s)`, async () => {
      const durability = commit.durability === 'disk' ? 'strict' : 'relaxed';
      const tx = this.#db().transaction(['collections', 'pages', 'rowStates'], 'readwrite', { durability });
      const done = settled(tx.done);
      try {
        const { next } = commit;
        const found = await tx.objectStore('collections').get(next.config.name);
        if (found?.id !== commit.collection || found.generation !== commit.expectedGeneration) {
          const generation = found?.id === commit.collection ? found.generation : undefined;
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
        let written = 0;
        let inFlight = 0;
        for (const [i, page] of commit.pages.entries()) {
          // A view would store its whole parent buffer.
          const bytes = page.bytes.slice();
          const key: Schema['pages']['key'] = [commit.collection, page.segment, page.column, page.index];
          track(pages.put({ checksum: checksums[i]!, bytes }, key));
          written += bytes.length;
          inFlight += bytes.length;
          if (inFlight >= PUT_WINDOW_BYTES) {
            await Promise.all(puts.splice(0));
            inFlight = 0;
          }
        }
        for (const chunk of commit.rowStates) {
          const checksum = rowStateChecksum(chunk);
          track(rowStates.put({ ...chunk, checksum }, [commit.collection, chunk.segment, chunk.chunk]));
          written += chunk.dead.length;
        }
        for (const segment of commit.removedSegments) {
          track(pages.delete(keysOf(commit.collection, segment.id)));
          track(rowStates.delete(keysOf(commit.collection, segment.id)));
        }
        track(tx.objectStore('collections').put(next, next.config.name));
        await Promise.all(puts);
        // Only the transaction's end counts: Chromium reports a full disk after the requests have succeeded.
        await done();
        return written;
      } catch (error) {
        abortQuietly(tx);
        await done().catch(() => undefined);
        throw tx.error ?? error;
      }
    });
  }

  exclusively<T>(task: () => Promise<T>): Promise<T> {
    return this.#locks.exclusively(task);
  }

  maintenanceLock<T>(mode: LockMode, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#locks.maintenanceLock(mode, task, signal);
  }

  async destroy(): Promise<void> {
    await this.close();
    await this.#guard(`deleting store "${this.storeName}"`, () =>
      withDeadline(this.#name, deleteDB(this.#name), () => {}),
    );
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
  }

  #connect(): Promise<Database> {
    const connecting = openDB<Schema>(this.#name, DATABASE_VERSION, {
      upgrade: (database, oldVersion) => upgradeDatabase(database, oldVersion),
      // Another tab upgrades or deletes: step aside, or it waits for ever.
      blocking: () => void this.close(),
      terminated: () => void this.close(),
    });
    return withDeadline(this.#name, connecting, (late) => late.close());
  }

  async #readOrCreateStoreRow(database: Database): Promise<StoreRow> {
    const tx = database.transaction('meta', 'readwrite', { durability: 'strict' });
    const done = settled(tx.done);
    let row = await tx.store.get('store');
    if (row === undefined) {
      row = newStoreRow();
      await tx.store.put(row, 'store');
    }
    await done();
    return row;
  }

  #db(): Database {
    if (this.#database === undefined) {
      throw new VectorStoreError(
        'STORAGE_BLOCKED',
        `The connection to store "${this.storeName}" is closed (another tab upgraded or deleted it, or the browser cleared it). ` +
          'Nothing more can be read or written here. Reload the page.',
      );
    }
    return this.#database;
  }

  async #guard<T>(doing: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw fromIdbError(error, doing);
    }
  }
}

/** Observes `done` from the start, so that a rejection before it is awaited is not reported as unhandled. */
function settled(done: Promise<void>): () => Promise<void> {
  done.catch(() => undefined);
  return () => done;
}

function abortQuietly(tx: { abort(): void }): void {
  try {
    tx.abort();
  } catch {
    // It has ended already.
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

function rowStateChecksum({ dead, pushed }: RowStateChunk): number {
  return (xxHash32(dead) ^ (pushed === undefined ? 0 : xxHash32(pushed))) >>> 0;
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

/**
 * A connection in another tab may be in the way for ever, and a request that is queued behind another one's wait is
 * not told: so the time runs from the start. What comes too late is given to `discard`.
 */
function withDeadline<T>(name: string, started: Promise<T>, discard: (late: T) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(
        new VectorStoreError(
          'STORAGE_BLOCKED',
          `The database "${name}" could not be had for ${BLOCKED_MS / 1000} s: another tab keeps it open although it was asked to close it, or is deleting or upgrading it. ` +
            'It cannot be used meanwhile. Close or reload the other tabs of this site.',
        ),
      );
    }, BLOCKED_MS);
    started
      .then((value) => (isLate ? discard(value) : resolve(value)), reject)
      .finally(() => clearTimeout(timer));
  });
}
