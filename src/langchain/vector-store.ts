import type { Collection } from '../client/collection.js';
import type { Filter } from '../shared/filter-types.js';
import type { Match, Query } from '../shared/types.js';
import {
  Document,
  type DocumentInterface,
  type EmbeddingsInterface,
  type MaxMarginalRelevanceSearchOptions,
  maximalMarginalRelevance,
  VectorStore,
} from './core.js';

type Metadata = Record<string, unknown>;

/** What a `NearshoreVectorStore` is made on. */
export interface NearshoreConfig {
  /** Of the embeddings' dimension. It needs no embedder: LangChain's embeddings make the vectors. */
  collection: Collection<Metadata>;
}

/** `ids`: one for each document; default: the documents' own, or random ones. */
export type AddOptions = { ids?: string[] };

/**
 * LangChain's interface on a collection: a document's `pageContent` is the record's `text`, its `metadata` the metadata,
 * its `id` the id. Filters are nearshore's (`{ year: { $gte: 2020 } }`), scores the collection's: greater is closer, cosine
 * in [−1, 1], with no threshold.
 */
export class NearshoreVectorStore extends VectorStore {
  declare FilterType: Filter<Metadata>;
  readonly collection: Collection<Metadata>;

  constructor(embeddings: EmbeddingsInterface, config: NearshoreConfig) {
    super(embeddings, config);
    this.collection = config.collection;
  }

  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    config: NearshoreConfig,
  ): Promise<NearshoreVectorStore> {
    const documents = texts.map((pageContent, i) => {
      const metadata = Array.isArray(metadatas) ? metadatas[i] : metadatas;
      return new Document({ pageContent, metadata });
    });
    return NearshoreVectorStore.fromDocuments(documents, embeddings, config);
  }

  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    config: NearshoreConfig,
  ): Promise<NearshoreVectorStore> {
    const store = new NearshoreVectorStore(embeddings, config);
    await store.addDocuments(documents);
    return store;
  }

  override _vectorstoreType(): string {
    return 'nearshore';
  }

  /** Embeds and writes them in one commit. Resolves to their ids. */
  override async addDocuments(documents: DocumentInterface[], options?: AddOptions): Promise<string[]> {
    const texts = documents.map(({ pageContent }) => pageContent);
    return this.addVectors(await this.embeddings.embedDocuments(texts), documents, options);
  }

  /** Writes them in one commit, replacing those with the same id. Resolves to their ids. */
  override async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options: AddOptions = {},
  ): Promise<string[]> {
    const ids = documents.map(({ id }, i) => options.ids?.[i] ?? id ?? crypto.randomUUID());
    const records = documents.map(({ pageContent, metadata }, i) => ({
      ...{ id: ids[i]!, vector: vectors[i]!, metadata },
      // A record's text is not empty.
      ...(pageContent === '' ? {} : { text: pageContent }),
    }));
    await this.collection.upsert(records);
    return ids;
  }

  override async delete(which: { ids: readonly string[] } | { filter: Filter<Metadata> }): Promise<void> {
    await this.collection.delete(which);
  }

  override async similaritySearchVectorWithScore(
    vector: number[],
    k: number,
    filter?: this['FilterType'],
  ): Promise<[Document, number][]> {
    const matches = await this.#nearest(vector, k, filter);
    return matches.map((match) => [documentOf(match), match.score]);
  }

  /** `k` of the `fetchK` (default 20) nearest, chosen for being near the query and unlike each other. */
  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK = 20, lambda = 0.5, filter }: MaxMarginalRelevanceSearchOptions<this['FilterType']>,
  ): Promise<Document[]> {
    const vector = await this.embeddings.embedQuery(query);
    const matches = await this.#nearest(vector, fetchK, filter, true);
    const vectors = matches.map((match) => [...match.vector!]);
    const chosen = maximalMarginalRelevance(vector, vectors, lambda, k);
    return chosen.map((i) => documentOf(matches[i]!));
  }

  async #nearest(
    vector: number[],
    topK: number,
    filter: Filter<Metadata> | undefined,
    includeVectors = false,
  ): Promise<Match<Metadata>[]> {
    const query: Query<Metadata> = { vector, topK, includeVectors, ...(filter && { filter }) };
    return (await this.collection.query(query)).matches;
  }
}

const documentOf = ({ id, text = '', metadata = {} }: Match<Metadata>) =>
  new Document({ id, pageContent: text, metadata });
