/** What a keyword query looks at. */
export interface KeywordOptions {
  /**
   * Metadata fields, named by dotted paths as in a filter, whose strings (or arrays of strings) count as part of the
   * record's text. At most 16. Default: the text alone.
   */
  fields?: readonly string[];
}

/**
 * How two rankings become one: a record's `fusedScore` is the sum of weight / (rankConstant + rank) over the rankings that
 * it is in, the rank of the best being 1 (reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009).
 */
export interface HybridOptions extends KeywordOptions {
  /** From 0, not both 0. Default 1 each. */
  weights?: { vector?: number; keyword?: number };
  /** From 0. Greater: the first ranks count for less. Default 60, as in the paper. */
  rankConstant?: number;
}

/** What is made of a ranking. */
export interface Regrouping {
  /**
   * A metadata field, named by a dotted path as in a filter: the `topK` best groups of records that have one string, number
   * or boolean in it are returned; others are left out. The search widens until there are `topK` groups, or no more.
   */
  groupBy?: string;
  /** Matches per group at most, from 1. Default 1. */
  groupSize?: number;
  /**
   * From 0 (default: none) to 1: how much a match counts for being unlike the better ones, against its relevance (maximal
   * marginal relevance with λ = 1 − diversity: Carbonell and Goldstein, SIGIR 1998). Chosen among the max(50, 5 × topK)
   * best.
   */
  diversity?: number;
}
