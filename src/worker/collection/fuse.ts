/** A record's rank in one ranking, from 1. */
export interface Ranks {
  readonly vector?: number | undefined;
  readonly keyword?: number | undefined;
}

export interface Fusion {
  readonly weights: { readonly vector: number; readonly keyword: number };
  readonly rankConstant: number;
}

/** Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009. What is in no ranking gets nothing from it. */
export function fusedScore({ vector, keyword }: Ranks, { weights, rankConstant }: Fusion): number {
  const part = (weight: number, rank: number | undefined) =>
    rank === undefined ? 0 : weight / (rankConstant + rank);
  return part(weights.vector, vector) + part(weights.keyword, keyword);
}
