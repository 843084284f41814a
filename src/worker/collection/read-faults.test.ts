import { expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { callOptions, computeWith, type HoldingOptions, openEngine, packRecords } from './engine.contract.js';
import { MemoryBudget } from './memory-budget.js';

const DIMENSION = 4;
const CONFIG = { name: 'notes', dimension: DIMENSION, metric: 'dot' } as const;

interface Case {
  readonly rows: number;
  readonly holding: () => HoldingOptions;
}

/** Where vectors are read for a search: a small segment, one as int8, one that stays in storage, one being loaded. */
const CASES: Record<string, Case> = {
  'a small segment': { rows: 50, holding: () => ({}) },
  int8: { rows: 3000, holding: () => ({ quantization: 'int8' }) },
  'rows in storage': { rows: 3000, holding: () => ({ memory: new MemoryBudget(1) }) },
  float32: { rows: 3000, holding: () => ({}) },
};

it.each(Object.keys(CASES))('K8 a page that cannot be read is no fault of the kernels: %s', async (name) => {
  const { rows, holding } = CASES[name]!;
  const random = new SeededRandom(1);
  const records = Array.from({ length: rows }, (_, i) => ({
    id: `r${i}`,
    vector: Array.from({ length: DIMENSION }, () => random.normal()),
  }));
  const storage = new MemoryStorage();
  const first = await openEngine(storage, CONFIG);
  await first.engine.upsert(packRecords(records, DIMENSION), 'upsert', 'disk', callOptions());
  first.engine.close(new VectorStoreError('CLOSED', 'closed'));

  const { readPages } = storage;
  let failures = 0;
  let isBroken = name !== 'int8';
  storage.readPages = async (...args) => {
    if (!isBroken || args[2] !== 'vectors') return readPages.apply(storage, args);
    failures++;
    throw new VectorStoreError('STORAGE_BLOCKED', 'It cannot be read.');
  };
  const compute = computeWith('wasm');
  const { engine } = await openEngine(storage, CONFIG, compute, undefined, undefined, holding());
  // As int8 it loads first, and reads again when it is searched.
  if (name === 'int8') await engine.warmUp();
  isBroken = true;
  const ask = () => engine.query([{ vector: Float32Array.of(1, 2, 3, 4), exact: true }], callOptions());
  await expect(ask()).rejects.toMatchObject({ code: 'STORAGE_BLOCKED' });
  expect(failures).toBeGreaterThan(0);
  expect(compute.status).toMatchObject({ active: 'wasm', kernel: 'simd' });
  isBroken = false;
  const [answer] = await ask();
  expect(answer!.receipt).toMatchObject({ backend: 'wasm', exact: true, scanned: rows });
});
