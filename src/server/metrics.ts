import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What /metrics tells: nothing of it names a tenant, a collection or an id. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#histogram(
    'nearshore_request_seconds',
    'Requests by route and status, from their arrival to the head of the answer',
    ['method', 'route', 'status'],
  );
  readonly #operations = this.#counter(
    'nearshore_operations_total',
    'Pushed operations by what became of them',
    ['status'],
  );
  readonly #pages = this.#counter('nearshore_pages_total', 'Pulled pages of shards by kind', ['kind']);
  readonly #entries = this.#counter('nearshore_pulled_entries_total', 'Entries in pulled pages', []);
  readonly #queries = this.#counter(
    'nearshore_queries_total',
    'Remote queries by what answered them, and whether every shard did',
    ['engine', 'complete'],
  );
  readonly #streams = new Gauge({
    name: 'nearshore_hint_streams',
    help: 'Clients that listen to hints',
    registers: [this.#registry],
  });

  /** @param bytes what the bodies and answers under way take, and the shards that are searched */
  constructor(bytes: { readonly held: () => number; readonly searched: () => number }) {
    collectDefaultMetrics({ register: this.#registry });
    this.#bytes('nearshore_held_bytes', 'Bytes of the bodies and answers under way', bytes.held);
    this.#bytes('nearshore_search_cache_bytes', 'Bytes of the shards held for searches', bytes.searched);
  }

  request(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  operation(status: string): void {
    this.#operations.inc({ status });
  }

  page(kind: string, entries: number): void {
    this.#pages.inc({ kind });
    this.#entries.inc(entries);
  }

  query(engine: string, complete: boolean): void {
    this.#queries.inc({ engine, complete: String(complete) });
  }

  streams(by: 1 | -1): void {
    this.#streams.inc(by);
  }

  /** In Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #bytes(name: string, help: string, bytes: () => number): void {
    new Gauge({
      ...{ name, help, registers: [this.#registry] },
      collect() {
        this.set(bytes());
      },
    });
  }

  #counter(name: string, help: string, labelNames: string[]) {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, labelNames: string[]) {
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}
