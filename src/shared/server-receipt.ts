/** How a sync server came to its part of an answer. */
export interface ServerReceipt {
  /** `'exact'`: every record that passes was scored; `'vector-set'`: those that an index in Redis has named. */
  engine: 'exact' | 'vector-set';
  shards: { asked: number; answered: number };
}
