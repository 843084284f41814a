import { type HierarchicalNSW, type HnswlibModule, loadHnswlib } from 'hnswlib-wasm';
import type { Metadata } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';
import type { Answer, Rows, Shape, UpsertCost } from './contract.js';
import { countPuts, takePutBytes } from './count-puts.js';
import { commitStrict, openDatabase, resultOf } from './database.js';
import { serveCalls } from './link.js';
import { MetadataColumns } from './metadata-columns.js';

const FILE = 'index.bin';

export interface BuildOptions {
  m: number;
  efConstruction: number;
}

interface Header {
  ids: string[];
  metadata: Metadata[];
}

/** hnswlib-wasm, stored as its documentation says: by writeIndex into its IDBFS folder. */
export class Hnsw {
  #library: HnswlibModule | undefined;
  #index: HierarchicalNSW | undefined;
  #database: IDBDatabase | undefined;
  #columns = new MetadataColumns(0);
  #header: Header = { ids: [], metadata: [] };

  async create({ dimension, capacity }: Shape, { m, efConstruction }: BuildOptions): Promise<void> {
    const library = await this.#load();
    this.#makeIndex(library, dimension).initIndex(capacity, m, efConstruction, 100);
    this.#database = await openDatabase('bench-hnsw', ['header']);
  }

  async ingest(rows: Rows): Promise<void> {
    const index = this.#opened;
    for (let row = 0; row < rows.ids.length; row++) {
      index.addPoint(rows.vectors.subarray(row * rows.dimension, (row + 1) * rows.dimension), row, false);
    }
    this.#take({ ids: [...rows.ids], metadata: [...rows.metadata] }, rows.capacity);
    await this.#store();
  }

  async open({ dimension, capacity }: Shape): Promise<void> {
    const header = openDatabase('bench-hnsw', ['header']).then((database) => {
      this.#database = database;
      return resultOf<Header>(database.transaction('header').objectStore('header').get(0));
    });
    const library = await this.#load();
    const index = this.#makeIndex(library, dimension);
    await index.readIndex(FILE, capacity);
    this.#take(await header, capacity);
    if (index.getCurrentCount() !== this.#header.ids.length) {
      throw new Error(`readIndex gave ${index.getCurrentCount()} of ${this.#header.ids.length} points.`);
    }
  }

  count(): number {
    return this.#opened.getCurrentCount();
  }

  setEf(ef: number): void {
    this.#opened.setEfSearch(ef);
  }

  query(vector: Float32Array, topK: number): Answer {
    return this.#search(vector, topK, undefined);
  }

  queryFiltered(vector: Float32Array, topK: number, filter: RowFilter): Answer {
    return this.#search(vector, topK, this.#columns.matcher(filter));
  }

  queryMany(vectors: readonly Float32Array[], topK: number): Answer[] {
    return vectors.map((vector) => this.query(vector, topK));
  }

  async upsert(id: string, vector: Float32Array, metadata: Metadata): Promise<UpsertCost> {
    takePutBytes();
    const label = this.#header.ids.length;
    this.#opened.addPoint(vector, label, false);
    this.#header.ids.push(id);
    this.#header.metadata.push(metadata);
    this.#columns.set(label, metadata);
    await this.#store();
    return { putBytes: takePutBytes() };
  }

  get #opened(): HierarchicalNSW {
    if (!this.#index) throw new Error('No index is open. Call create or open first.');
    return this.#index;
  }

  #search(vector: Float32Array, topK: number, filter: ((label: number) => boolean) | undefined): Answer {
    const start = performance.now();
    const { neighbors } = this.#opened.searchKnn(vector, topK, filter);
    const ids = neighbors.map((label) => this.#header.ids[label]!);
    return { ids, insideMs: performance.now() - start, exact: false };
  }

  #makeIndex(library: HnswlibModule, dimension: number): HierarchicalNSW {
    // All vectors have length 1, so the inner product ranks as cosine does and saves it the normalising.
    this.#index = new library.HierarchicalNSW('ip', dimension, '');
    return this.#index;
  }

  #take(header: Header, capacity: number): void {
    this.#header = header;
    this.#columns = new MetadataColumns(capacity);
    for (const [row, metadata] of header.metadata.entries()) this.#columns.set(row, metadata);
  }

  async #store(): Promise<void> {
    await this.#opened.writeIndex(FILE);
    await this.#synced();
    await commitStrict(this.#database!, ['header'], (transaction) => {
      transaction.objectStore('header').put(this.#header, 0);
    });
  }

  async #load(): Promise<HnswlibModule> {
    if (!this.#library) {
      this.#library = await loadHnswlib('IDBFS');
      await this.#synced();
    }
    return this.#library;
  }

  /** Waits until the folder agrees with IndexedDB: loadHnswlib and writeIndex each start that by themselves. */
  async #synced(): Promise<void> {
    const files = this.#library!.EmscriptenFileSystemManager;
    while (!files.isSynced()) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

countPuts();
serveCalls(new Hnsw());
