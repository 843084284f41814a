import { openStore } from 'nearshore';
import { mean } from '../measure/statistics.js';
import { commitStrict, deleteDatabase, openDatabase } from '../peers/database.js';
import type { Measurement } from '../results.js';
import { type Context, measurement, type RowKind } from './context.js';

const BATCHES = [1, 100, 10_000];
/** Commits of each kind, or as many as end in this time, but one at least. */
const MOST_COMMITS = 100;
const TIME_LIMIT_MS = 5_000;
const STORE = 'bench-durable';

type Durability = 'strict' | 'relaxed';
interface Batch {
  readonly ids: string[];
  readonly vectors: Float32Array<ArrayBuffer>;
}
/** Writes batches into an empty store; each call settles when its transaction has. */
interface Writer {
  write(batch: Batch, durability: Durability): Promise<void>;
  end(): Promise<void>;
}

/** Records per second that a store takes in, one batch after the other. */
export const durable: RowKind = {
  name: 'durable',
  title: 'Upserts of batches, each awaited',
  columns: [
    { key: 'strict', title: 'strict: flushed to disk', unit: 'per second' },
    { key: 'relaxed', title: 'relaxed', unit: 'per second' },
    { key: 'ratio', title: 'relaxed / strict', unit: 'times' },
  ],
  principal: 'strict',
  needs: 'stored',
  async measure(context) {
    const writers = { nearshore: nearshoreWriter, js: plainWriter } as const;
    const results: Measurement[] = [];
    for (const name of ['nearshore', 'js'] as const) {
      if (!context.params.peers.includes(name)) continue;
      for (const size of BATCHES) {
        context.log(`  ${name}: batches of ${size}`);
        const result = measurement('durable', { name, setting: `batches of ${size}` });
        const rates = { strict: [] as number[], relaxed: [] as number[] };
        for (let round = 0; round < context.params.rounds; round++) {
          for (const durability of ['strict', 'relaxed'] as const) {
            const writer = await writers[name](context.data.dimension);
            rates[durability].push(await rateOf(writer, context, size, durability));
            await writer.end();
          }
        }
        const [strict, relaxed] = [mean(rates.strict), mean(rates.relaxed)];
        result.values = { strict, relaxed, ratio: relaxed / strict };
        results.push(result);
      }
    }
    return results;
  },
};

async function rateOf(writer: Writer, { data }: Context, size: number, durability: Durability) {
  const { dimension, extra } = data;
  const vectors = new Float32Array(size * dimension);
  for (let row = 0; row < size; row++) vectors.set(extra[row % extra.length]!, row * dimension);
  const batch = (n: number) => ({ ids: Array.from({ length: size }, (_, i) => `${n}-${i}`), vectors });
  await writer.write(batch(-1), durability);
  const start = performance.now();
  let commits = 0;
  do await writer.write(batch(commits++), durability);
  while (commits < MOST_COMMITS && performance.now() - start < TIME_LIMIT_MS);
  return (1_000 * commits * size) / (performance.now() - start);
}

async function nearshoreWriter(dimension: number): Promise<Writer> {
  const store = await openStore(STORE, { backend: 'wasm' });
  const rows = await store.collection('rows', { dimension });
  return {
    async write(batch, durability) {
      await rows.upsert(batch, { durability: durability === 'strict' ? 'disk' : 'memory' });
    },
    end: () => store.destroy(),
  };
}

/** What IndexedDB itself takes: one transaction and one value for each batch, from the page, nothing to search it by. */
async function plainWriter(): Promise<Writer> {
  const database = await openDatabase(STORE, ['batches']);
  let batches = 0;
  return {
    async write(batch, durability) {
      const put = (tx: IDBTransaction) => void tx.objectStore('batches').put(batch, batches++);
      await commitStrict(database, ['batches'], put, durability);
    },
    async end() {
      database.close();
      await deleteDatabase(STORE);
    },
  };
}
