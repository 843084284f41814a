/**
 * Share of the true `topK` nearest that probing finds, measured against exact searches: with the collection's own
 * vectors as queries (each without its own record) when the index was made, and with recent queries since.
 */
export interface RecallStats {
  value: number;
  topK: number;
  targetRecall: number;
  /** Queries it was measured with. */
  sample: number;
}
