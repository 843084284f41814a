import type { Metadata } from '../data/dataset.js';
import { filterKey, type RowFilter } from '../data/filters.js';
import type { Answer, Rows, Shape, UpsertCost } from './contract.js';
import { countPuts, takePutBytes } from './count-puts.js';
import { commitStrict, openDatabase, resultOf } from './database.js';
import { serveCalls } from './link.js';
import { MetadataColumns } from './metadata-columns.js';
import { scan, scanRows } from './scan.js';

const CHUNK_BYTES = 8 * 1024 * 1024;

interface Header {
  ids: string[];
  metadata: Metadata[];
}

/** What a plain application does: all rows in one Float32Array, scored one after the other. */
export class BruteForce {
  #database: IDBDatabase | undefined;
  #dimension = 0;
  #count = 0;
  #matrix = new Float32Array();
  #columns = new MetadataColumns(0);
  /** Filter → rows that pass. */
  readonly #passing = new Map<string, Int32Array>();
  #header: Header = { ids: [], metadata: [] };

  async create(shape: Shape): Promise<void> {
    this.#allocate(shape);
    await this.#open();
  }

  async ingest(rows: Rows): Promise<void> {
    this.#matrix.set(rows.vectors);
    this.#take({ ids: [...rows.ids], metadata: [...rows.metadata] });
    const database = await this.#open();
    await commitStrict(database, ['chunks', 'header'], (transaction) => {
      for (let from = 0; from < this.#count; from += this.#rowsPerChunk) this.#putChunk(transaction, from);
      transaction.objectStore('header').put(this.#header, 0);
    });
  }

  async open(shape: Shape): Promise<void> {
    this.#allocate(shape);
    const database = await this.#open();
    const transaction = database.transaction(['chunks', 'header']);
    const chunks = transaction.objectStore('chunks');
    const header = resultOf<Header>(transaction.objectStore('header').get(0));
    const keys = await resultOf(chunks.getAllKeys());
    await Promise.all(
      keys.map(async (key) => {
        const chunk = await resultOf<Float32Array>(chunks.get(key));
        this.#matrix.set(chunk, Number(key) * this.#rowsPerChunk * this.#dimension);
      }),
    );
    this.#take(await header);
  }

  query(vector: Float32Array, topK: number): Answer {
    const start = performance.now();
    const rows = scan(this.#matrix, this.#dimension, this.#count, vector, topK);
    return this.#answer(rows, start);
  }

  /** The rows that pass are found out at the first such query and kept. */
  queryFiltered(vector: Float32Array, topK: number, filter: RowFilter): Answer {
    const start = performance.now();
    const passing = this.#rowsThatPass(filter);
    const rows = scanRows(this.#matrix, this.#dimension, passing, vector, topK);
    return this.#answer(rows, start);
  }

  queryMany(vectors: readonly Float32Array[], topK: number): Answer[] {
    return vectors.map((vector) => this.query(vector, topK));
  }

  async upsert(id: string, vector: Float32Array, metadata: Metadata): Promise<UpsertCost> {
    takePutBytes();
    const row = this.#count;
    if ((row + 1) * this.#dimension > this.#matrix.length) throw new Error('The matrix is full.');
    this.#matrix.set(vector, row * this.#dimension);
    this.#header.ids.push(id);
    this.#header.metadata.push(metadata);
    this.#take(this.#header);
    await commitStrict(await this.#open(), ['chunks', 'header'], (transaction) => {
      this.#putChunk(transaction, row - (row % this.#rowsPerChunk));
      transaction.objectStore('header').put(this.#header, 0);
    });
    return { putBytes: takePutBytes() };
  }

  #answer(rows: readonly number[], start: number): Answer {
    const ids = rows.map((row) => this.#header.ids[row]!);
    return { ids, insideMs: performance.now() - start, exact: true };
  }

  #rowsThatPass(filter: RowFilter): Int32Array {
    const key = filterKey(filter);
    let rows = this.#passing.get(key);
    if (!rows) {
      const matches = this.#columns.matcher(filter);
      rows = Int32Array.from([...this.#header.ids.keys()].filter(matches));
      this.#passing.set(key, rows);
    }
    return rows;
  }

  get #rowsPerChunk(): number {
    return Math.floor(CHUNK_BYTES / (this.#dimension * 4));
  }

  #allocate({ dimension, capacity }: Shape): void {
    if (dimension % 4 !== 0)
      throw new Error(`The dimension is ${dimension}; this scan takes four at a time.`);
    this.#dimension = dimension;
    this.#matrix = new Float32Array(capacity * dimension);
    this.#columns = new MetadataColumns(capacity);
  }

  #take(header: Header): void {
    this.#header = header;
    this.#passing.clear();
    for (let row = this.#count; row < header.ids.length; row++) this.#columns.set(row, header.metadata[row]!);
    this.#count = header.ids.length;
  }

  #putChunk(transaction: IDBTransaction, fromRow: number): void {
    const toRow = Math.min(this.#count, fromRow + this.#rowsPerChunk);
    const chunk = this.#matrix.slice(fromRow * this.#dimension, toRow * this.#dimension);
    transaction.objectStore('chunks').put(chunk, fromRow / this.#rowsPerChunk);
  }

  async #open(): Promise<IDBDatabase> {
    this.#database ??= await openDatabase('bench-js', ['chunks', 'header']);
    return this.#database;
  }
}

countPuts();
serveCalls(new BruteForce());
