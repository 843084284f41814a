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

export interface QueryMetrics extends OperationMetrics {
  /** Answers that were still known: the same question about the same generation. */
  cacheHits: number;
  cacheMisses: number;
}

export type Metrics = Record<Exclude<Operation, 'query'>, OperationMetrics> & { query: QueryMetrics };
