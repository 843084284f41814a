import { xxHash32 } from '../../shared/checksum.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { GpuFindings } from '../compute/gpu-findings.js';
import { Queue } from '../slices.js';
import { isBuilding } from './building.js';
import { bytesOf } from './commit-end.js';
import { damagedPage } from './damage-errors.js';
import { LocalLock, type LockMode } from './local-lock.js';
import {
  type CollectionRow,
  type Column,
  type Commit,
  checkUnchanged,
  type Generation,
  GenerationConflict,
  type Replacement,
  type RowStateChunk,
  type Storage,
  type StoreRow,
} from './storage.js';
import { newStoreRow } from './store-row.js';

/** Keeps nothing: for tests, previews and pages that may not use IndexedDB. */
export class MemoryStorage implements Storage {
  readonly kind = 'memory';
  readonly isNew = true;
  readonly ended = undefined;
  readonly #queue = new Queue();
  readonly #maintenance = new LocalLock();
  readonly #reembed = new LocalLock();
  #store = newStoreRow();
  readonly #collections = new Map<string, CollectionRow>();
  /** By collection, then by segment: what a removed segment takes with it. */
  readonly #segments = new Map<number, Map<number, SegmentData>>();

  async open(): Promise<StoreRow> {
    return this.#store;
  }

  async readStore(): Promise<StoreRow> {
    return this.#store;
  }

  async writeGpuFindings(gpu: GpuFindings): Promise<void> {
    this.#store = { ...this.#store, gpu: structuredClone(gpu) };
  }

  async noteBackup(lastBackup: number): Promise<void> {
    this.#store = { ...this.#store, lastBackup };
  }

  async readCollections(): Promise<CollectionRow[]> {
    const rows = [...this.#collections.values()].filter(({ config }) => !isBuilding(config.name));
    return rows.sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
  }

  async damagedCollections(): Promise<string[]> {
    return [];
  }

  async readCollection(name: string): Promise<CollectionRow | undefined> {
    return this.#collections.get(name);
  }

  async createCollection(config: CollectionConfig): Promise<CollectionRow> {
    const existing = this.#collections.get(config.name);
    if (existing !== undefined) return existing;
    const id = this.#store.nextCollection;
    this.#store = { ...this.#store, nextCollection: id + 1 };
    const row: CollectionRow = { id, config, generation: 0, nextSegment: 0, segments: [], clock: '' };
    this.#collections.set(config.name, row);
    this.#segments.set(id, new Map());
    return row;
  }

  async replaceCollection({ old, by, next }: Replacement): Promise<void> {
    const found = this.#collections.get(old.config.name);
    if (found?.id === next.id) return;
    checkUnchanged(old, found);
    checkUnchanged(by, this.#collections.get(by.config.name));
    this.#collections.delete(by.config.name);
    this.#segments.delete(old.id);
    this.#collections.set(next.config.name, next);
  }

  async dropCollection(name: string): Promise<boolean> {
    const row = this.#collections.get(name);
    if (row === undefined) return false;
    this.#collections.delete(name);
    this.#segments.delete(row.id);
    return true;
  }

  async readGeneration(name: string): Promise<Generation | undefined> {
    const row = this.#collections.get(name);
    if (row === undefined) return undefined;
    const segments = [...this.#segments.get(row.id)!.values()];
    return { row, rowStates: structuredClone(segments.flatMap(({ rowStates }) => [...rowStates.values()])) };
  }

  async readRowStates(collection: number, segments: readonly number[]): Promise<RowStateChunk[]> {
    const data = this.#segments.get(collection);
    return structuredClone(
      segments.flatMap((segment) => [...(data?.get(segment)?.rowStates.values() ?? [])]),
    );
  }

  async readPages(collection: number, segment: number, column: Column, from: number, to: number) {
    const pages = this.#segments.get(collection)?.get(segment)?.pages.get(column) ?? [];
    return Array.from({ length: to - from }, (_, i) => {
      const bytes = pages[from + i];
      if (bytes === undefined) throw damagedPage(segment, column, from + i, 'is missing');
      return bytes.slice();
    });
  }

  async readRawPage(collection: number, segment: number, column: Column, index: number) {
    const bytes = this.#segments.get(collection)?.get(segment)?.pages.get(column)?.[index];
    return bytes && { checksum: xxHash32(bytes), bytes: bytes.slice() };
  }

  async checkRoom(_bytes: number): Promise<void> {}

  async commit(commit: Commit): Promise<number> {
    const { next } = commit;
    const found = this.#collections.get(next.config.name);
    if (found?.id !== commit.collection || found.generation !== commit.expectedGeneration) {
      throw new GenerationConflict(
        commit.expectedGeneration,
        found?.id === commit.collection ? found.generation : undefined,
      );
    }
    // What cannot be copied fails here, before anything has changed.
    const added = commit.pages.map((page) => ({ ...page, bytes: page.bytes.slice() }));
    const rowStates = structuredClone(commit.rowStates);
    const segments = this.#segments.get(commit.collection)!;
    for (const page of added) {
      const { pages } = segmentData(segments, page.segment);
      const column = pages.get(page.column) ?? [];
      pages.set(page.column, column);
      column[page.index] = page.bytes;
    }
    for (const chunk of rowStates) {
      segmentData(segments, chunk.segment).rowStates.set(chunk.chunk, chunk);
    }
    for (const segment of commit.removedSegments) segments.delete(segment.id);
    this.#collections.set(next.config.name, next);
    return bytesOf(commit);
  }

  exclusively<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task);
  }

  maintenanceLock<T>(mode: LockMode, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#maintenance.run(mode, task, signal);
  }

  reembedLock<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#reembed.run('exclusive', task, signal);
  }

  async destroy(): Promise<void> {
    this.#collections.clear();
    this.#segments.clear();
    this.#store = newStoreRow();
  }

  async close(): Promise<void> {}
}

interface SegmentData {
  readonly pages: Map<Column, Uint8Array<ArrayBuffer>[]>;
  readonly rowStates: Map<number, RowStateChunk>;
}

function segmentData(segments: Map<number, SegmentData>, id: number): SegmentData {
  let data = segments.get(id);
  if (data === undefined) {
    data = { pages: new Map(), rowStates: new Map() };
    segments.set(id, data);
  }
  return data;
}
