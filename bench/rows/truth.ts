import { type Dataset, metadataOf } from '../data/dataset.js';
import { filterKey, passes, passesAll, type RowFilter } from '../data/filters.js';
import { findNeighbours, type Neighbours } from '../data/truth.js';

/** What the held-out queries should find. */
export interface Truth {
  readonly tuning: readonly Neighbours[];
  readonly queries: readonly Neighbours[];
  /** `queries` among the rows that pass. */
  filtered(filter: RowFilter): readonly Neighbours[];
}

/** What a row needs to know beforehand. */
export interface FilteredTruth {
  readonly filter: RowFilter;
  /** Only of so many of the held-out queries. Default: all. */
  readonly queries?: number;
}

/** @param filters that will be asked for */
export async function findTruth(
  data: Dataset,
  k: number,
  filters: readonly FilteredTruth[],
  pause: () => Promise<void>,
): Promise<Truth> {
  const selective = filters.filter(({ filter }) => !passesAll(filter));
  const [tuning, queries, ...filtered] = await findNeighbours(
    data,
    [
      { queries: data.tuning, passes: () => true },
      { queries: data.queries, passes: () => true },
      ...selective.map(({ filter, queries }) => ({
        queries: data.queries.slice(0, queries),
        passes: (row: number) => passes(filter, metadataOf(row)),
      })),
    ],
    k,
    pause,
  );
  const known = new Map(selective.map(({ filter }, i) => [filterKey(filter), filtered[i]!]));
  return {
    tuning: tuning!,
    queries: queries!,
    filtered(filter) {
      const found = passesAll(filter) ? queries : known.get(filterKey(filter));
      if (!found) throw new Error(`The truth of ${filterKey(filter)} was not asked for beforehand.`);
      return found;
    },
  };
}
