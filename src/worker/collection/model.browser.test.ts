import { afterEach, expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { Compute } from '../compute/compute.js';
import { IndexedDbStorage } from '../storage/indexeddb-storage.js';
import { uniqueStoreName } from '../storage/storage.contract.js';
import { runModel } from './model.contract.js';

// 3 × 700 steps. VITE_MODEL_SEED repeats a run.
const SEED = Number(import.meta.env.VITE_MODEL_SEED ?? Date.now() % 1e9);

const compute = new Compute('wasm', undefined, () => {});
let store = '';

afterEach(() => new IndexedDbStorage(store).destroy());

it.each<[Metric, number]>([
  ['cosine', SEED],
  ['dot', SEED + 1],
  ['l2', SEED + 2],
])(
  'Q1 Q3 Q8 C14 S1: ONNX Runtime on IndexedDB answers as the model does (%s, seed %i)',
  async (metric, seed) => {
    store = uniqueStoreName();
    const connect = async () => {
      const storage = new IndexedDbStorage(store);
      await storage.open();
      return storage;
    };
    const config = { name: 'model', dimension: 8, metric };
    const ran = await runModel({ config, compute, backend: 'wasm', connect }, seed, 700);
    expect(ran.sealed).toBe(true);
  },
  120_000,
);
