import { batchError, type Problem, VectorStoreError } from '../../shared/errors.js';
import { pickStrings, type StringColumn, unpackString } from '../../shared/string-column.js';
import { rowsByText, takeKept } from '../../shared/texts-to-embed.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { KeptVectors, PackedRecords } from '../../shared/worker-api.js';
import type { CallOptions } from '../collection/call-options.js';
import { pause } from '../slices.js';
import { noKnownWord } from './no-known-word.js';
import type { TextEmbedders } from './text-embedders.js';

/** Texts unpacked and embedded between two pauses. */
const TEXTS_PER_BATCH = 256;

/** The vectors that an embedder in the worker makes of one collection's texts. */
export class TextVectors {
  constructor(
    private readonly config: CollectionConfig,
    private readonly embedders: Pick<TextEmbedders, 'embed'>,
  ) {}

  /** Fills in the vectors of the rows that were given as texts; `keptVectors` finds those that are stored. */
  async fillIn(
    { ids, vectors, texts, toEmbed }: PackedRecords,
    options: CallOptions,
    keptVectors: (ids: StringColumn, texts: StringColumn) => Promise<KeptVectors>,
  ): Promise<void> {
    const { dimension } = this.config;
    if (toEmbed.length === 0) return;
    const kept = await keptVectors(pickStrings(ids, toEmbed), pickStrings(texts!, toEmbed));
    const rowsOf = rowsByText(texts!, takeKept(vectors, toEmbed, kept));
    const all = [...rowsOf.keys()];
    const problems: Problem[] = [];
    for (let from = 0; from < all.length; from += TEXTS_PER_BATCH) {
      const own = all.slice(from, from + TEXTS_PER_BATCH);
      const embedded = await this.#embed(own, options);
      for (const [i, text] of own.entries()) {
        const vector = embedded.subarray(i * dimension, (i + 1) * dimension);
        const hasNone = this.#hasNoDirection(vector);
        for (const row of rowsOf.get(text)!) {
          if (hasNone) {
            const message = `${noKnownWord(text)}.`;
            problems.push({ position: row, id: unpackString(ids, row), code: 'INVALID_ARGUMENT', message });
          }
          vectors.set(vector, row * dimension);
        }
      }
      await pause();
    }
    problems.sort((a, b) => a.position - b.position);
    if (problems.length > 0) throw batchError('records', problems, problems.length);
  }

  /** One for each text; undefined where the embedder knows no word of it, which is refused where one is required. */
  async ofQueries(
    asked: readonly { readonly text: string; readonly isRequired: boolean }[],
    options: CallOptions,
  ): Promise<(Float32Array<ArrayBuffer> | undefined)[]> {
    const { dimension } = this.config;
    if (asked.length === 0) return [];
    const rows = await this.#embed(
      asked.map(({ text }) => text),
      options,
    );
    return asked.map(({ text, isRequired }, i) => {
      const vector = rows.slice(i * dimension, (i + 1) * dimension);
      if (!this.#hasNoDirection(vector)) return vector;
      if (isRequired) throw new VectorStoreError('INVALID_ARGUMENT', `${noKnownWord(text)}.`);
      return undefined;
    });
  }

  /** What an embedder makes of a text without a known word. */
  #hasNoDirection(vector: Float32Array): boolean {
    return this.config.metric === 'cosine' && vector.every((value) => value === 0);
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
