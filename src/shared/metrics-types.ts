/** What is timed. `commit`: the transaction of a write; `train`: the making of an index; `push`, `pull`: of a sync. */
export type Operation = 'upsert' | 'delete' | 'query' | 'open' | 'commit' | 'train' | 'push' | 'pull';

/** Milliseconds; percentiles over the last 1,024 of each operation. */
export interface OperationMetrics {
  count: number;
  mean: number;
  std: number;
  min: number;
  max: number;
  p50: number;
  p95: number;
  p99: number;
}

/** Those of `query`, with how often an answer was remembered. */
export interface QueryMetrics extends OperationMetrics {
  /** Answers that were still known: the same question about the same generation. */
  cacheHits: number;
  cacheMisses: number;
}

/** What `VectorStore.metrics` tells of the worker's successful operations so far. */
export type Metrics = Record<Exclude<Operation, 'query'>, OperationMetrics> & { query: QueryMetrics };
