import { create, insert, insertMultiple, load, type Orama, save, searchVector } from '@orama/orama';
import type { Metadata } from '../data/dataset.js';
import type { RowFilter } from '../data/filters.js';
import type { Answer, Rows, Shape, UpsertCost } from './contract.js';
import { countPuts, takePutBytes } from './count-puts.js';
import { commitStrict, openDatabase, resultOf } from './database.js';
import { serveCalls } from './link.js';

/** No hit among many rows is below it, and what is need not be sorted. */
const ABOVE_RIGHT_ANGLE = 0;
/** The few rows that pass a filter may all be far away. */
const ANY_COSINE = -1;

/** Orama's vector search, stored as what its `save` gives, as one value. */
export class OramaSearch {
  #index: Orama | undefined;
  #database: IDBDatabase | undefined;

  async create({ dimension }: Shape): Promise<void> {
    this.#index = create({
      schema: { bucket: 'number', rank: 'number', embedding: `vector[${dimension}]` },
      sort: { enabled: false },
    });
    this.#database = await openDatabase('bench-orama', ['index']);
  }

  async ingest({ ids, vectors, metadata, dimension }: Rows): Promise<void> {
    const documents = ids.map((id, row) => ({
      id,
      ...metadata[row]!,
      embedding: Array.from(vectors.subarray(row * dimension, (row + 1) * dimension)),
    }));
    await insertMultiple(this.#opened, documents);
    await this.#store();
  }

  async open(shape: Shape): Promise<void> {
    await this.create(shape);
    const saved = await resultOf<object>(this.#database!.transaction('index').objectStore('index').get(0));
    load(this.#opened, saved);
  }

  query(vector: Float32Array, topK: number): Promise<Answer> {
    return this.#search(vector, topK, { similarity: ABOVE_RIGHT_ANGLE });
  }

  queryFiltered(vector: Float32Array, topK: number, filter: RowFilter): Promise<Answer> {
    const where = 'bucket' in filter ? { bucket: { eq: filter.bucket } } : { rank: { lt: filter.rankBelow } };
    return this.#search(vector, topK, { similarity: ANY_COSINE, where });
  }

  async queryMany(vectors: readonly Float32Array[], topK: number): Promise<Answer[]> {
    const answers = [];
    for (const vector of vectors) answers.push(await this.query(vector, topK));
    return answers;
  }

  async upsert(id: string, vector: Float32Array, metadata: Metadata): Promise<UpsertCost> {
    takePutBytes();
    await insert(this.#opened, { id, ...metadata, embedding: Array.from(vector) });
    await this.#store();
    return { putBytes: takePutBytes() };
  }

  get #opened(): Orama {
    if (!this.#index) throw new Error('No index is open. Call create or open first.');
    return this.#index;
  }

  async #search(
    value: Float32Array,
    limit: number,
    options: Pick<Parameters<typeof searchVector>[1], 'similarity' | 'where'>,
  ): Promise<Answer> {
    const start = performance.now();
    const { hits } = await searchVector(this.#opened, {
      vector: { property: 'embedding', value },
      limit,
      ...options,
    });
    const ids = hits.map(({ id }) => id);
    return { ids, insideMs: performance.now() - start, exact: true };
  }

  #store(): Promise<void> {
    return commitStrict(this.#database!, ['index'], (transaction) => {
      transaction.objectStore('index').put(save(this.#opened), 0);
    });
  }
}

countPuts();
serveCalls(new OramaSearch());
