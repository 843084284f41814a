import type { Metrics, Operation, OperationMetrics } from '../shared/types.js';

const OPERATIONS: readonly Operation[] = [
  'upsert',
  'delete',
  'query',
  'open',
  'commit',
  'train',
  'push',
  'pull',
];

/** Durations kept per operation for the percentiles. */
const WINDOW = 1024;

/** Durations of operations in milliseconds. Mean and deviation by Welford's method (Technometrics 4(3), 1962). */
class Durations {
  readonly #last = new Float64Array(WINDOW);
  #count = 0;
  #mean = 0;
  #squares = 0;
  #min = 0;
  #max = 0;

  add(milliseconds: number): void {
    this.#last[this.#count % WINDOW] = milliseconds;
    this.#min = this.#count === 0 ? milliseconds : Math.min(this.#min, milliseconds);
    this.#max = Math.max(this.#max, milliseconds);
    this.#count++;
    const delta = milliseconds - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (milliseconds - this.#mean);
  }

  summary(): OperationMetrics {
    const sorted = this.#last.slice(0, Math.min(this.#count, WINDOW)).sort();
    // Nearest rank.
    const percentile = (p: number) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
    return {
      count: this.#count,
      mean: this.#mean,
      std: this.#count < 2 ? 0 : Math.sqrt(this.#squares / (this.#count - 1)),
      min: this.#min,
      max: this.#max,
      p50: percentile(0.5),
      p95: percentile(0.95),
      p99: percentile(0.99),
    };
  }
}

export interface CacheCounts {
  hits: number;
  misses: number;
}

export class MetricsRecorder {
  readonly #durations = new Map(OPERATIONS.map((operation) => [operation, new Durations()]));

  /** Counted by the result caches of the store's collections. */
  readonly cache: CacheCounts = { hits: 0, misses: 0 };

  add(operation: Operation, milliseconds: number): void {
    this.#durations.get(operation)!.add(milliseconds);
  }

  /** Times a task that succeeds; failed ones would make the figures look better than they are. */
  async time<T>(operation: Operation, task: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await task();
    this.add(operation, performance.now() - began);
    return result;
  }

  summary(): Metrics {
    const operations = Object.fromEntries(
      [...this.#durations].map(([name, durations]) => [name, durations.summary()]),
    ) as Record<Operation, OperationMetrics>;
    return {
      ...operations,
      query: { ...operations.query, cacheHits: this.cache.hits, cacheMisses: this.cache.misses },
    };
  }
}
