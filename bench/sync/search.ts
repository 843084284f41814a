import { cpus } from 'node:os';
import { findRedis, findRedis8 } from '../../scripts/redis/find-redis.mjs';
import { startRedis } from '../../scripts/redis/servers.mjs';
import { createServer } from '../../src/server/create-server.js';
import type { OpenAnswer } from '../../src/shared/sync/protocol.js';
import type { RemoteMatches, RemoteQuery } from '../../src/shared/sync/remote.js';
import { unpackRemoteAnswers } from '../../src/shared/sync/remote-answers.js';
import { packRemoteQueries, packRemoteWrite } from '../../src/shared/sync/remote-requests.js';
import { idOf, metadataOf } from '../data/dataset.js';
import { mixture } from '../data/mixture.js';

const TOP_K = 10;
const WARM_UP = 20;
/** As in the other benches: an id counts if its score is at least the k-th true one, less this. */
const TIE = 1e-5;
const WRITTEN_TOGETHER = 500;

export interface Options {
  readonly rows: number;
  readonly queries: number;
  readonly shards: number;
}

interface Line {
  readonly row: string;
  /** From the call of `fetch` to the unpacked answer, in the process of the server. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Mean, of client and server together, without Redis; on a loaded machine the figure to go by. */
  readonly cpuMs: number;
  /** Median of `receipt.elapsedMs`. */
  readonly serverMs: number;
  readonly recall: number;
  readonly scanned: number;
}

/** One collection behind one server, called over HTTP. */
class Caller {
  collection = '';

  constructor(private readonly base: string) {}

  async open(dimension: number, shards: number): Promise<void> {
    const config = { dimension, metric: 'cosine', conflict: 'last-writer-wins' };
    const response = await this.#ask('PUT', '', JSON.stringify({ protocol: 1, config, shards }));
    this.collection = ((await response.json()) as OpenAnswer).descriptor.id;
  }

  async write(records: readonly { id: string; vector: Float32Array; metadata: string }[]): Promise<void> {
    const stamp = `${Date.now().toString(16).padStart(12, '0')}0000${'0'.repeat(16)}`;
    const common = { collection: this.collection, stamp, repeated: false, replicated: false };
    await this.#ask('POST', '/write', packRemoteWrite({ ...common, mode: 'upsert', records }));
  }

  async query(query: RemoteQuery): Promise<RemoteMatches> {
    const body = packRemoteQueries({ collection: this.collection, queries: [query] });
    const response = await this.#ask('POST', '/query', body);
    return unpackRemoteAnswers(new Uint8Array(await response.arrayBuffer())).answers[0]!;
  }

  async #ask(method: string, path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
    const response = await fetch(`${this.base}/v1/stores/bench/collections/search${path}`, { method, body });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

/** Exact, filtered and, where Redis 8 is at hand, indexed queries of the same records, in turns. */
export async function measureSearch({ rows, queries, shards }: Options) {
  // Before anything is connected: it holds the thread for longer than Redis is waited for.
  const data = await mixture(rows, { tuning: WARM_UP, queries, extra: 0 }, async () => {});
  const program = findRedis8() ?? findRedis();
  const hasVectorSets = findRedis8() !== undefined;
  const redis = await startRedis(program === undefined ? {} : { program });
  const start = (vectorSetsFrom: number) =>
    createServer({
      redis: { urls: [redis.url] },
      auth: 'none',
      requestsPerSecond: 1e9,
      logLevel: 'silent',
      vectorSetsFrom,
    });
  const [exactServer, indexedServer] = [await start(Number.MAX_SAFE_INTEGER), await start(1)];
  try {
    const exact = new Caller(await exactServer.listen({ port: 0 }));
    const indexed = new Caller(await indexedServer.listen({ port: 0 }));
    const { dimension } = data;
    await exact.open(dimension, shards);
    indexed.collection = exact.collection;

    const writeStart = performance.now();
    for await (const { from, vectors } of data.parts()) {
      const count = vectors.length / dimension;
      for (let first = 0; first < count; first += WRITTEN_TOGETHER) {
        const together = Math.min(WRITTEN_TOGETHER, count - first);
        const records = Array.from({ length: together }, (_, i) => ({
          id: idOf(from + first + i),
          vector: vectors.subarray((first + i) * dimension, (first + i + 1) * dimension),
          metadata: JSON.stringify(metadataOf(from + first + i)),
        }));
        await exact.write(records);
      }
    }
    const writeSeconds = (performance.now() - writeStart) / 1_000;

    const vectorOf = (query: Float32Array) => Float32Array.from(query);
    const firstStart = performance.now();
    await exact.query({ vector: vectorOf(data.tuning[0]!), topK: TOP_K });
    const firstMs = performance.now() - firstStart;
    let indexSeconds = 0;
    if (hasVectorSets) {
      const indexStart = performance.now();
      const probe = { vector: vectorOf(data.tuning[0]!), topK: TOP_K };
      while ((await indexed.query(probe)).receipt.engine !== 'vector-set') {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      indexSeconds = (performance.now() - indexStart) / 1_000;
    }

    const truth = new Map<Float32Array, number>();
    for (const query of data.queries) {
      const { scores } = await exact.query({ vector: vectorOf(query), topK: TOP_K });
      truth.set(query, scores.at(-1)!);
    }
    const measure = async (row: string, caller: Caller, more: Partial<RemoteQuery>): Promise<Line> => {
      for (const query of data.tuning) await caller.query({ vector: vectorOf(query), topK: TOP_K, ...more });
      const times: number[] = [];
      const serverTimes: number[] = [];
      const cpuBefore = process.cpuUsage();
      let [hits, scanned] = [0, 0];
      for (const query of data.queries) {
        const started = performance.now();
        const { scores, receipt } = await caller.query({ vector: vectorOf(query), topK: TOP_K, ...more });
        times.push(performance.now() - started);
        serverTimes.push(receipt.elapsedMs);
        scanned += receipt.scanned;
        hits += scores.filter((score) => score >= truth.get(query)! - TIE).length;
      }
      const { user, system } = process.cpuUsage(cpuBefore);
      return {
        row,
        cpuMs: (user + system) / 1_000 / data.queries.length,
        p50Ms: quantile(times, 0.5),
        p95Ms: quantile(times, 0.95),
        serverMs: quantile(serverTimes, 0.5),
        recall: more.filter === undefined ? hits / (TOP_K * data.queries.length) : 1,
        scanned: Math.round(scanned / data.queries.length),
      };
    };
    const table = [
      await measure('exact', exact, {}),
      await measure('exact, a filter that 1 % pass', exact, { filter: { bucket: 7 } }),
      ...(hasVectorSets ? [await measure('vector sets', indexed, {})] : []),
      await measure('exact, again', exact, {}),
    ];
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
    const costs = { writeSeconds, firstQueryMs: firstMs, indexSeconds };
    return { rows, queries, shards, dimension, topK: TOP_K, machine, costs, table };
  } finally {
    await exactServer.close();
    await indexedServer.close();
    await redis.stop();
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
