import * as glue from 'voy-search/voy_search_bg.js';
import wasmUrl from 'voy-search/voy_search_bg.wasm?url';
import type { Answer, Rows, UpsertCost } from './contract.js';
import { countPuts, takePutBytes } from './count-puts.js';
import { commitStrict, openDatabase, resultOf } from './database.js';
import { serveCalls } from './link.js';

/** Rows given to voy in one call: it takes them as JSON, of which a string has room for some 50,000. */
const PART = 5_000;

interface Raw {
  ids: string[];
  /** One for each id. */
  vectors: Float32Array[];
}

/** voy-search, stored as the text of its `serialize` or, where it gives none, as the rows to index again. */
export class VoySearch {
  #index: glue.Voy | undefined;
  #database: IDBDatabase | undefined;
  /** Unknown once voy's text was loaded. */
  #rows: Raw | undefined;
  #isReindexed = false;

  async create(): Promise<void> {
    await loadVoy();
    this.#database = await openDatabase('bench-voy', ['index']);
  }

  async ingest({ ids, vectors, dimension }: Rows): Promise<void> {
    this.#build({
      ids: [...ids],
      vectors: ids.map((_, row) => vectors.slice(row * dimension, (row + 1) * dimension)),
    });
    await this.#store();
  }

  async open(): Promise<void> {
    await this.create();
    const stored = await resultOf<string | Raw>(
      this.#database!.transaction('index').objectStore('index').get(0),
    );
    if (typeof stored === 'string') {
      this.#index = glue.Voy.deserialize(stored);
    } else {
      this.#build(stored);
      this.#isReindexed = true;
    }
  }

  query(vector: Float32Array, topK: number): Answer {
    const start = performance.now();
    const { neighbors } = this.#opened.search(vector, topK);
    const ids = neighbors.map(({ id }) => id);
    return {
      ids,
      insideMs: performance.now() - start,
      exact: true,
      ...(this.#isReindexed ? { note: 'indexed again when opened: its serialize() gave nothing' } : {}),
    };
  }

  queryMany(vectors: readonly Float32Array[], topK: number): Answer[] {
    return vectors.map((vector) => this.query(vector, topK));
  }

  async upsert(id: string, vector: Float32Array): Promise<UpsertCost> {
    takePutBytes();
    this.#opened.add(resourceOf({ ids: [id], vectors: [vector] }, 0));
    this.#rows?.ids.push(id);
    this.#rows?.vectors.push(vector);
    await this.#store();
    return { putBytes: takePutBytes() };
  }

  get #opened(): glue.Voy {
    if (!this.#index) throw new Error('No index is open. Call create or open first.');
    return this.#index;
  }

  #build(rows: Raw): void {
    this.#rows = rows;
    this.#index = new glue.Voy(resourceOf(rows, 0));
    for (let from = PART; from < rows.ids.length; from += PART) this.#index.add(resourceOf(rows, from));
  }

  async #store(): Promise<void> {
    const stored = this.#isReindexed ? this.#rows : this.#serialized() || this.#rows;
    if (!stored) throw new Error('serialize() gave nothing, and the rows are not known after deserialize().');
    await commitStrict(this.#database!, ['index'], (transaction) => {
      transaction.objectStore('index').put(stored, 0);
    });
  }

  /** Empty, or an error in other engines, where the text has more characters than a string can have. */
  #serialized(): string {
    try {
      return this.#opened.serialize();
    } catch {
      return '';
    }
  }
}

function resourceOf({ ids, vectors }: Raw, from: number): glue.Resource {
  const embeddings = ids.slice(from, from + PART).map((id, i) => ({
    id,
    title: '',
    url: '',
    embeddings: Array.from(vectors[from + i]!),
  }));
  return { embeddings };
}

async function loadVoy(): Promise<void> {
  const { instance } = await WebAssembly.instantiateStreaming(fetch(wasmUrl), {
    './voy_search_bg.js': { ...glue },
  });
  glue.__wbg_set_wasm(instance.exports);
}

countPuts();
serveCalls(new VoySearch());
