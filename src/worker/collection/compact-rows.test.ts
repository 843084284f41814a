import { afterEach, expect, it, vi } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import type { CollectionEngine } from './collection-engine.js';
import { callOptions, computeWith, type HoldingOptions, openEngine, packRecords } from './engine.contract.js';
import { MemoryBudget } from './memory-budget.js';

const DIMENSION = 8;
const ROWS = 3000;
const MIN_COMPONENTS = 2048 * DIMENSION;
const CONFIG = { name: 'notes', dimension: DIMENSION, metric: 'cosine' } as const;

function clustered(seed: number, count: number) {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const centre = new SeededRandom(1000 + (i % 40));
    const vector = Array.from({ length: DIMENSION }, () => centre.normal() + 0.3 * random.normal());
    return { id: `r${i}`, vector };
  });
}

/** A trained collection, opened again as `holding` says. */
async function trained(holding: HoldingOptions = {}) {
  const storage = new MemoryStorage();
  const first = await openEngine(storage, CONFIG, computeWith('wasm'), MIN_COMPONENTS);
  await first.engine.upsert(packRecords(clustered(1, ROWS), DIMENSION), 'upsert', 'disk', callOptions());
  await first.engine.optimize(callOptions());
  first.engine.close(new VectorStoreError('CLOSED', 'closed'));
  const compute = computeWith('wasm');
  const open = () => openEngine(storage, CONFIG, compute, MIN_COMPONENTS, undefined, holding);
  return { storage, compute, open };
}

const ask = (engine: CollectionEngine, vectors: readonly number[][], more: object = {}) =>
  engine.query(
    vectors.map((vector) => ({ vector: Float32Array.from(vector), ...more })),
    callOptions(),
  );

afterEach(() => vi.useRealTimers());

async function auditedRecall(holding: HoldingOptions): Promise<number> {
  const { open } = await trained(holding);
  const { engine } = await open();
  await engine.warmUp();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  for (const { vector } of clustered(2, 64)) {
    const [answer] = await ask(engine, [vector]);
    expect(answer!.receipt.plan).toBe('ivf');
  }
  while (((await engine.stats()).index.recall?.sample ?? 0) !== 64) await vi.advanceTimersByTimeAsync(1000);
  vi.useRealTimers();
  const { value } = (await engine.stats()).index.recall!;
  engine.close(new VectorStoreError('CLOSED', 'closed'));
  return value;
}

it('I6 K9 rounded scores do not count as missed: int16 is audited as float32 is', async () => {
  const whole = await auditedRecall({});
  expect(whole).toBeGreaterThan(0.9);
  expect(await auditedRecall({ quantization: 'int16' })).toBe(whole);
});

it.each([{ quantization: 'int16' }, { quantization: 'int8' }, { memory: new MemoryBudget(1) }] as const)(
  'Q6 K10 several queries are answered as each alone is (%o)',
  async (holding) => {
    const { open } = await trained(holding);
    const { engine } = await open();
    await engine.warmUp();
    const vectors = clustered(3, 12).map(({ vector }) => vector);
    const together = await ask(engine, vectors, { topK: 7 });
    let scanned = 0;
    for (const [i, vector] of vectors.entries()) {
      // Another k, so that it is not answered from memory.
      const [alone] = await ask(engine, [vector], { topK: 7, minScore: -1 });
      expect(together[i]!.ids).toEqual(alone!.ids);
      expect(together[i]!.receipt.plan).toBe('ivf');
      scanned += alone!.receipt.scanned;
    }
    expect(Math.abs(together[0]!.receipt.scanned - scanned / vectors.length)).toBeLessThan(1);
  },
);

it('I3 lists that could not be read once are read again by the next search', async () => {
  const { storage, open } = await trained();
  const { readPages } = storage;
  let fails = true;
  storage.readPages = async (...args) => {
    if (fails && args[2] === 'list-centroids') throw new VectorStoreError('STORAGE_BLOCKED', 'blocked');
    return readPages.apply(storage, args);
  };
  const { engine } = await open();
  const { vector } = clustered(2, 1)[0]!;
  await expect(ask(engine, [vector])).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
  fails = false;
  const [answer] = await ask(engine, [vector]);
  expect(answer!.receipt.plan).toBe('ivf');
});

it('K10 what a collection takes is given back when it is closed, also by another tab', async () => {
  const memory = new MemoryBudget(1_000_000);
  const { open } = await trained({ memory });
  const { engine } = await open();
  await engine.warmUp();
  expect((await engine.stats()).vectorBytes).toBeGreaterThan(0);
  const taken = () => {
    const tenant = { finest: 'float32', bytesAt: () => 1_000_000, follow: async () => {} } as const;
    return memory.admit(tenant).finally(() => memory.leave(tenant, Promise.resolve()));
  };
  expect(await taken()).toBeUndefined();
  engine.close(new VectorStoreError('CLOSED', 'closed'));
  await memory.rebalance();
  expect(await taken()).toBe('float32');
});
