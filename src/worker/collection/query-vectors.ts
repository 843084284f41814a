import { VectorStoreError } from '../../shared/errors.js';
import { packStrings } from '../../shared/string-column.js';
import { isToEmbed } from '../../shared/texts-to-embed.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { QueryOnWire } from '../../shared/worker-api.js';
import type { TextVectors } from '../embed/text-vectors.js';
import type { CallOptions } from './call-options.js';
import { locate } from './locate.js';
import { type Place, readVectors } from './records.js';
import type { CollectionState } from './state.js';
import { toUnitLength } from './unit-length.js';
import { placesOf } from './writes.js';

/** The vectors that queries of one collection are about: given, of a text, or a record's own. */
export class QueryVectors {
  constructor(
    private readonly state: CollectionState,
    private readonly config: CollectionConfig,
    private readonly texts: TextVectors,
  ) {}

  /**
   * One vector per query, of unit length under cosine; none where words alone are looked for, or where the embedder knows
   * no word of a hybrid query. Texts are embedded together.
   */
  async of(
    queries: readonly QueryOnWire[],
    options: CallOptions,
  ): Promise<(Float32Array<ArrayBuffer> | undefined)[]> {
    const asked = queries.filter(isToEmbed).map(({ text, hybrid }) => ({
      text: text!,
      isRequired: hybrid === undefined,
    }));
    const embedded = (await this.texts.ofQueries(asked, options)).values();
    const vectors: (Float32Array<ArrayBuffer> | undefined)[] = [];
    for (const query of queries) {
      const raw = isToEmbed(query) ? embedded.next().value : await this.#given(query);
      vectors.push(raw && (this.config.metric === 'cosine' ? toUnitLength(raw) : raw));
    }
    return vectors;
  }

  async #given({ keyword, vector, id }: QueryOnWire): Promise<Float32Array<ArrayBuffer> | undefined> {
    return keyword === undefined ? (vector ?? this.#vectorOf(id!)) : undefined;
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
}
