import sqlite3InitModule, { type Database, type Statement } from 'sqlite-vec-wasm-demo/sqlite3.mjs';
import wasmUrl from 'sqlite-vec-wasm-demo/sqlite3.wasm?url';
import type { Metadata } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';
import type { Answer, Rows, Shape, UpsertCost } from './contract.js';
import { serveCalls } from './link.js';

/** A table of sqlite-vec, in SQLite's pool of OPFS files, which needs no isolated page. */
export class SqliteVec {
  #database: Database | undefined;
  /** SQL → prepared. */
  readonly #statements = new Map<string, Statement>();

  async create({ dimension }: Shape, folder: string): Promise<void> {
    await this.open(folder);
    // Vectors have length 1, so the default distance, L2, ranks as cosine does.
    this.#opened.exec(
      `CREATE VIRTUAL TABLE rows USING vec0(
         id TEXT PRIMARY KEY, bucket INTEGER, rank INTEGER, embedding FLOAT[${dimension}])`,
    );
  }

  async open(folder: string): Promise<void> {
    const module = await WebAssembly.compileStreaming(fetch(wasmUrl));
    const sqlite = await sqlite3InitModule({
      instantiateWasm(imports, done) {
        void WebAssembly.instantiate(module, imports).then((instance) => done(instance, module));
        return {};
      },
    });
    const pool = await sqlite.installOpfsSAHPoolVfs({ name: 'bench', directory: folder });
    this.#database = new pool.OpfsSAHPoolDb('/rows.sqlite3');
  }

  ingest({ ids, vectors, metadata, dimension }: Rows): void {
    this.#opened.transaction(() => {
      for (const [row, id] of ids.entries()) {
        this.#insert(id, vectors.subarray(row * dimension, (row + 1) * dimension), metadata[row]!);
      }
    });
  }

  query(vector: Float32Array, topK: number): Answer {
    return this.#search(vector, topK, '', []);
  }

  queryFiltered(vector: Float32Array, topK: number, filter: RowFilter): Answer {
    return 'bucket' in filter
      ? this.#search(vector, topK, 'AND bucket = ?', [filter.bucket])
      : this.#search(vector, topK, 'AND rank < ?', [filter.rankBelow]);
  }

  queryMany(vectors: readonly Float32Array[], topK: number): Answer[] {
    return vectors.map((vector) => this.query(vector, topK));
  }

  upsert(id: string, vector: Float32Array, metadata: Metadata): UpsertCost {
    this.#insert(id, vector, metadata);
    return {};
  }

  get #opened(): Database {
    if (!this.#database) throw new Error('No database is open. Call create or open first.');
    return this.#database;
  }

  #insert(id: string, vector: Float32Array, { bucket, rank }: Metadata): void {
    this.#prepared('INSERT INTO rows (id, bucket, rank, embedding) VALUES (?, ?, ?, ?)')
      .bind(1, id)
      .bind(2, bucket)
      .bind(3, rank)
      .bindAsBlob(4, bytesOf(vector))
      .stepReset();
  }

  #search(vector: Float32Array, topK: number, where: string, values: readonly number[]): Answer {
    const start = performance.now();
    const statement = this.#prepared(
      `SELECT id FROM rows WHERE embedding MATCH ? AND k = ? ${where} ORDER BY distance`,
    );
    statement.bindAsBlob(1, bytesOf(vector)).bind(2, topK);
    for (const [i, value] of values.entries()) statement.bind(3 + i, value);
    const ids: string[] = [];
    while (statement.step()) ids.push(String(statement.get(0)));
    statement.reset();
    return { ids, insideMs: performance.now() - start, exact: true };
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#opened.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

serveCalls(new SqliteVec());
