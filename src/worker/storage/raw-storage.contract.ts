import { xxHash32 } from '../../shared/checksum.js';
import type { CollectionConfig } from '../../shared/types.js';
import { isBuilding } from './building.js';
import { MemoryStorage } from './memory-storage.js';
import {
  type CollectionRow,
  type Column,
  type Commit,
  checkUnchanged,
  type Generation,
  GenerationConflict,
  type Replacement,
} from './storage.js';
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
  wholeOrNone,
} from './stored.js';

/**
 * What IndexedDbStorage puts into its object stores, in maps: values as they are stored, with their checksums, to be
 * damaged at will. It keeps the contract of Storage, but for durability.
 */
export class RawStorage extends MemoryStorage {
  /** By name. */
  readonly collections = new Map<string, unknown>();
  /** By key, joined by '/'. */
  readonly pages = new Map<string, unknown>();
  readonly rowStates = new Map<string, unknown>();

  override async readCollections(): Promise<CollectionRow[]> {
    const rows = [...this.collections].map(([name, stored]) => wholeOrNone(stored, name));
    const whole = rows.filter((row) => row !== undefined);
    const listed = whole.filter(({ config }) => !isBuilding(config.name));
    return listed.sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
  }

  override async damagedCollections(): Promise<string[]> {
    return [...this.collections].flatMap(([name, stored]) =>
      wholeOrNone(stored, name) || isBuilding(name) ? [] : [name],
    );
  }

  override async readCollection(name: string): Promise<CollectionRow | undefined> {
    return structuredClone(fromStoredCollection(this.collections.get(name), name));
  }

  override async readGeneration(name: string): Promise<Generation | undefined> {
    const row = await this.readCollection(name);
    if (row === undefined) return undefined;
    const listed = row.segments.map(({ id }) => id);
    return { row, rowStates: await this.readRowStates(row.id, listed) };
  }

  override async createCollection(config: CollectionConfig): Promise<CollectionRow> {
    const existing = await this.readCollection(config.name);
    if (existing !== undefined) return existing;
    const row = await super.createCollection(config);
    this.collections.set(config.name, structuredClone(toStoredCollection(row)));
    return row;
  }

  override async replaceCollection({ old, by, next }: Replacement): Promise<void> {
    const stored = ({ config: { name } }: CollectionRow) =>
      fromStoredCollection(this.collections.get(name), name);
    if (stored(old)?.id === next.id) return;
    for (const row of [old, by]) checkUnchanged(row, stored(row));
    this.collections.delete(by.config.name);
    this.#removeKeys(`${old.id}/`);
    this.collections.set(next.config.name, structuredClone(toStoredCollection(next)));
  }

  override async dropCollection(name: string): Promise<boolean> {
    const row = await this.readCollection(name);
    if (row === undefined) return false;
    await super.dropCollection(name);
    this.collections.delete(name);
    this.#removeKeys(`${row.id}/`);
    return true;
  }

  override async readRowStates(collection: number, segments: readonly number[]) {
    return segments.flatMap((segment) => {
      const own = [...this.rowStates.keys()]
        .map((key) => key.split('/').map(Number) as RowStateKey)
        .filter(([c, s]) => c === collection && s === segment);
      return own.map((key) => structuredClone(fromStoredRowState(this.rowStates.get(key.join('/')), key)));
    });
  }

  override async readPages(collection: number, segment: number, column: Column, from: number, to: number) {
    return Array.from({ length: to - from }, (_, i) => {
      const key: PageKey = [collection, segment, column, from + i];
      return fromStoredPage(this.pages.get(key.join('/')), key).slice();
    });
  }

  override async readRawPage(collection: number, segment: number, column: Column, index: number) {
    const key: PageKey = [collection, segment, column, index];
    return toRawPage(this.pages.get(key.join('/')), key);
  }

  override async commit(commit: Commit): Promise<number> {
    const { collection, next } = commit;
    const { name } = next.config;
    const found = fromStoredCollection(this.collections.get(name), name);
    if (found?.id !== collection || found.generation !== commit.expectedGeneration) {
      const generation = found?.id === collection ? found.generation : undefined;
      throw new GenerationConflict(commit.expectedGeneration, generation);
    }
    // What cannot be copied fails here, before anything has changed.
    const pages = commit.pages.map(({ segment, column, index, bytes }) => {
      const key: PageKey = [collection, segment, column, index];
      return [key.join('/'), toStoredPage(key, bytes.slice(), xxHash32(bytes.slice()))] as const;
    });
    const states = commit.rowStates.map((chunk) => {
      const key: RowStateKey = [collection, chunk.segment, chunk.chunk];
      return [key.join('/'), structuredClone(toStoredRowState(key, chunk))] as const;
    });
    for (const [key, page] of pages) this.pages.set(key, page);
    for (const [key, state] of states) this.rowStates.set(key, state);
    for (const { id } of commit.removedSegments) this.#removeKeys(`${collection}/${id}/`);
    this.collections.set(name, structuredClone(toStoredCollection(next)));
    const written = [...pages.map(([, { bytes }]) => bytes), ...states.map(([, { dead }]) => dead)];
    return written.reduce((sum, { length }) => sum + length, 0);
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    this.collections.clear();
    this.pages.clear();
    this.rowStates.clear();
  }

  #removeKeys(prefix: string): void {
    for (const map of [this.pages, this.rowStates]) {
      for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key);
    }
  }
}
