import { batchError, type Problem, VectorStoreError } from '../../shared/errors.js';
import { packStrings, unpackString } from '../../shared/string-column.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { PackedRecords, QueryOnWire } from '../../shared/worker-api.js';
import { noKnownWord } from '../embed/no-known-word.js';
import type { TextEmbedders } from '../embed/text-embedders.js';
import { pause } from '../slices.js';
import type { CallOptions } from './call-options.js';
import { locate } from './locate.js';
import { type Place, readVectors } from './records.js';
import type { CollectionState } from './state.js';
import { toUnitLength } from './unit-length.js';
import { placesOf } from './writes.js';

/** Texts unpacked and embedded between two pauses. */
const TEXTS_PER_BATCH = 256;

/** The vectors that calls of one collection are about: given, of a text, or a record's own. */
export class Embedding {
  constructor(
    private readonly state: CollectionState,
    private readonly config: CollectionConfig,
    private readonly embedders: TextEmbedders,
  ) {}

  /** Fills in the vectors of the rows that were given as texts. */
  async embedRecords({ ids, vectors, texts, toEmbed }: PackedRecords, options: CallOptions): Promise<void> {
    const { dimension } = this.config;
    const problems: Problem[] = [];
    for (let from = 0; from < toEmbed.length; from += TEXTS_PER_BATCH) {
      const rows = toEmbed.slice(from, from + TEXTS_PER_BATCH);
      const own = rows.map((row) => unpackString(texts!, row));
      const embedded = await this.#embed(own, options);
      for (const [i, row] of rows.entries()) {
        const vector = embedded.subarray(i * dimension, (i + 1) * dimension);
        if (this.#hasNoDirection(vector)) {
          const message = `${noKnownWord(own[i]!)}.`;
          problems.push({ position: row, id: unpackString(ids, row), code: 'INVALID_ARGUMENT', message });
        }
        vectors.set(vector, row * dimension);
      }
      await pause();
    }
    if (problems.length > 0) throw batchError('records', problems, problems.length);
  }

  /** One vector per query, of unit length under cosine. Texts are embedded together. */
  async queryVectors(
    queries: readonly QueryOnWire[],
    options: CallOptions,
  ): Promise<Float32Array<ArrayBuffer>[]> {
    const texts = queries.flatMap(({ text }) => (text === undefined ? [] : [text]));
    const embedded = texts.length === 0 ? [] : await this.#embedQueries(texts, options);
    let nextText = 0;
    const vectors: Float32Array<ArrayBuffer>[] = [];
    for (const { vector, text, id } of queries) {
      const raw = vector ?? (text === undefined ? await this.#vectorOf(id!) : embedded[nextText++]!);
      vectors.push(this.config.metric === 'cosine' ? toUnitLength(raw) : raw);
    }
    return vectors;
  }

  async #embedQueries(texts: readonly string[], options: CallOptions): Promise<Float32Array<ArrayBuffer>[]> {
    const { dimension } = this.config;
    const rows = await this.#embed(texts, options);
    return texts.map((text, i) => {
      const vector = rows.slice(i * dimension, (i + 1) * dimension);
      if (this.#hasNoDirection(vector)) {
        throw new VectorStoreError('INVALID_ARGUMENT', `${noKnownWord(text)}.`);
      }
      return vector;
    });
  }

  /** What an embedder makes of a text without a known word. */
  #hasNoDirection(vector: Float32Array): boolean {
    return this.config.metric === 'cosine' && vector.every((value) => value === 0);
  }

  #vectorOf(id: string): Promise<Float32Array<ArrayBuffer>> {
    return this.state.read(async (snapshot) => {
      const [place] = placesOf(await locate(snapshot.views, packStrings([id]))) as [Place];
      if (place.source === -1) {
        throw new VectorStoreError(
          'INVALID_ARGUMENT',
          `There is no record with id ${JSON.stringify(id)} in collection "${this.config.name}". A query by id searches with that record's vector. ` +
            'Check it with has(), or query by vector or text.',
        );
      }
      return readVectors(snapshot, [place]);
    });
  }

  async #embed(texts: readonly string[], { embedder, signal }: CallOptions) {
    // The page has checked this; a worker of another release may not have.
    if (embedder === undefined) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        `Collection "${this.config.name}" was given a text but was opened without an embedder. Nothing can turn it into a vector. ` +
          'Pass an embedder to store.collection(), or give the vector.',
      );
    }
    return this.embedders.embed(embedder, texts, signal);
  }
}
