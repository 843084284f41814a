import type { HybridOptions, KeywordOptions, Query, Receipt } from './types.js';

/** Stored records on their way back; parallel arrays, a column left out where there is none. */
export interface RecordsOnWire {
  readonly ids: readonly string[];
  readonly metadata?: readonly (string | undefined)[];
  readonly texts?: readonly (string | undefined)[];
  /** n × dimension. */
  readonly vectors?: Float32Array<ArrayBuffer>;
}

export interface MatchesOnWire extends RecordsOnWire {
  readonly scores: readonly number[];
  readonly distances: readonly number[];
  readonly receipt: Receipt;
  /** Of keyword and hybrid queries; undefined where a record has no word of the text. */
  readonly keywordScores?: readonly (number | undefined)[];
  /** Of hybrid queries. */
  readonly fusedScores?: readonly number[];
  /** With `groupBy`: matches [start, start of the next group). */
  readonly groups?: readonly { readonly value: string | number | boolean; readonly start: number }[];
  /** Which tier each comes from; absent: the device was asked alone. */
  readonly origins?: readonly ('local' | 'remote')[];
}

export type QueryOnWire = Pick<
  Query,
  | 'topK'
  | 'minScore'
  | 'filter'
  | 'includeVectors'
  | 'includeMetadata'
  | 'exact'
  | 'targetRecall'
  | 'scope'
  | 'groupBy'
  | 'groupSize'
  | 'diversity'
> & {
  /** No vector is meant. */
  readonly keyword?: KeywordOptions;
  /** The text's words are meant, and one of vector, id and the text itself. */
  readonly hybrid?: HybridOptions;
  readonly vector?: Float32Array<ArrayBuffer>;
  readonly text?: string;
  readonly id?: string;
};
