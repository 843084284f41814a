/**
 * Share of the true `topK` nearest that probing finds, measured against exact searches: with the collection's own
 * vectors as queries (each without its own record) when the index was made, and with recent queries since.
 */
export interface RecallStats {
  /** From 0 to 1; the mean over the queries. */
  value: number;
  /** Of how many nearest. */
  topK: number;
  /** What the searches aimed for. */
  targetRecall: number;
  /** Queries it was measured with. */
  sample: number;
}
