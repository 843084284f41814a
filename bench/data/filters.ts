import { type Metadata, RANKS } from './dataset.js';

/** Which rows a query may return, by their metadata. */
export type RowFilter = { readonly bucket: number } | { readonly rankBelow: number };

/** 1 % of the rows, scattered. */
export const ONE_PERCENT: RowFilter = { bucket: 37 };

export function passes(filter: RowFilter, { bucket, rank }: Metadata): boolean {
  return 'bucket' in filter ? bucket === filter.bucket : rank < filter.rankBelow;
}

export function passesAll(filter: RowFilter): boolean {
  return 'rankBelow' in filter && filter.rankBelow >= RANKS;
}

/** Equal for filters that are. */
export function filterKey(filter: RowFilter): string {
  return JSON.stringify(filter);
}
