import type { Query, Receipt } from './types.js';

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
  /** Which tier each comes from; absent: the device was asked alone. */
  readonly origins?: readonly ('local' | 'remote')[];
}

export type QueryOnWire = Pick<
  Query,
  'topK' | 'minScore' | 'filter' | 'includeVectors' | 'includeMetadata' | 'exact' | 'targetRecall' | 'scope'
> & {
  readonly vector?: Float32Array<ArrayBuffer>;
  readonly text?: string;
  readonly id?: string;
};
