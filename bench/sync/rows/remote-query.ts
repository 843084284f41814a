import { setTimeout as sleep } from 'node:timers/promises';
import { startSyncServer } from '../../../e2e/support/sync-server.js';
import { findRedis8 } from '../../../scripts/redis/find-redis.mjs';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import type { RemoteQuery } from '../../../src/shared/sync/remote.js';
import { type Dataset, idOf, metadataOf } from '../../data/dataset.js';
import { mixture } from '../../data/mixture.js';
import { median } from '../../measure/statistics.js';
import type { Figure, Options } from '../figure.js';
import { Remote } from '../remote.js';
import { measured, timed } from '../timing.js';

const TOP_K = 10;
const WARM_UP = 20;
/** As in the other benches: an id counts if its score is at least the k-th true one, less this. */
const TIE = 1e-5;
const WRITTEN_TOGETHER = 500;
/** More components than there are. */
const NEVER = 1e12;

/** One query at a time over HTTP: exact, filtered and, where Redis 8 is at hand, by vector sets. */
export async function measureRemoteQuery({ records, shards }: Options): Promise<Figure[]> {
  const rows = Math.max(2_000, Math.round(records / 5));
  const data = await mixture(rows, { tuning: WARM_UP, queries: 200, extra: 0 }, async () => {});
  const program = findRedis8();
  const redis = await startRedis(program === undefined ? {} : { program });
  const start = (vectorSetsFrom: number) =>
    startSyncServer({
      redis: redis.url,
      flags: ['--dev', '--vector-sets-from', String(vectorSetsFrom)],
    });
  const exactServer = await start(NEVER);
  const indexedServer = await start(1);
  try {
    const exact = new Remote(exactServer.url);
    const indexed = new Remote(indexedServer.url);
    await exact.open(data.dimension, shards);
    indexed.collection = exact.collection;
    await writeAll(exact, data);
    const probe: RemoteQuery = { vector: Float32Array.from(data.tuning[0]!), topK: TOP_K };
    const firstMs = await timed(() => exact.query(probe));
    const truth = await worstScores(exact, data);
    const ask = async (name: string, remote: Remote, pid: number, more: Partial<RemoteQuery> = {}) => {
      for (const vector of data.tuning)
        await remote.query({ vector: Float32Array.from(vector), topK: TOP_K });
      const times: number[] = [];
      let [hits, scanned] = [0, 0];
      const { processorMs } = await measured({ server: pid, redis: redis.pid }, async () => {
        for (const vector of data.queries) {
          const query = { vector: Float32Array.from(vector), topK: TOP_K, ...more };
          times.push(
            await timed(async () => {
              const { scores, receipt } = await remote.query(query);
              scanned += receipt.scanned;
              hits += scores.filter((score) => score >= truth.get(vector)! - TIE).length;
            }),
          );
        }
      });
      const recall = hits / (TOP_K * data.queries.length);
      const count = Math.round(scanned / data.queries.length);
      const figure: Figure = {
        name: `remote query p50, ${rows} records, ${name}`,
        unit: 'ms',
        server: median(times),
        note: `${'filter' in more ? '' : `recall@${TOP_K} ${recall.toFixed(3)}, `}${count} records scored`,
        details: { times, processorMs, recall: 'filter' in more ? undefined : recall, scanned: count },
      };
      return figure;
    };
    const figures = [
      await ask('exact', exact, exactServer.pid),
      await ask('exact, a filter that 1 % pass', exact, exactServer.pid, { filter: { bucket: 7 } }),
    ];
    const first = { ...figures[0]!, note: `${figures[0]!.note}; the first took ${Math.round(firstMs)} ms` };
    if (program === undefined) return [first, figures[1]!];
    const indexMs = await timed(() => untilIndexed(indexed, probe));
    const bySets = await ask('by vector sets', indexed, indexedServer.pid);
    const filled = `filling the index took ${(indexMs / 1_000).toFixed(1)} s`;
    return [first, figures[1]!, { ...bySets, note: `${bySets.note}; ${filled}` }];
  } finally {
    await exactServer.kill();
    await indexedServer.kill();
    await redis.stop();
  }
}

async function writeAll(remote: Remote, { dimension, parts }: Dataset): Promise<void> {
  for await (const { from, vectors } of parts()) {
    const count = vectors.length / dimension;
    for (let first = 0; first < count; first += WRITTEN_TOGETHER) {
      const together = Math.min(WRITTEN_TOGETHER, count - first);
      const records = Array.from({ length: together }, (_, i) => ({
        id: idOf(from + first + i),
        vector: vectors.subarray((first + i) * dimension, (first + i + 1) * dimension),
        metadata: JSON.stringify(metadataOf(from + first + i)),
      }));
      await remote.write(records);
    }
  }
}

/** Of each query, the score of the last of its true matches. */
async function worstScores(exact: Remote, { queries }: Dataset): Promise<Map<Float32Array, number>> {
  const worst = new Map<Float32Array, number>();
  for (const query of queries) {
    const { scores } = await exact.query({ vector: Float32Array.from(query), topK: TOP_K });
    worst.set(query, scores.at(-1)!);
  }
  return worst;
}

/** The first query has it filled. */
async function untilIndexed(remote: Remote, probe: RemoteQuery): Promise<void> {
  while ((await remote.query(probe)).receipt.engine !== 'vector-set') await sleep(100);
}
