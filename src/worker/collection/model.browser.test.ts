import { afterEach, expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { IndexedDbStorage } from '../storage/indexeddb-storage.js';
import { uniqueStoreName } from '../storage/storage.contract.js';
import { computeWith } from './engine.contract.js';
import { runModel } from './model.contract.js';
import { expectRecall } from './model-parts.contract.js';

// 5 × 500 steps. VITE_MODEL_SEED repeats a run.
const SEED = Number(import.meta.env.VITE_MODEL_SEED ?? Date.now() % 1e9);

let store = '';

afterEach(() => new IndexedDbStorage(store).destroy());

it.each<['simd' | 'onnx', Metric, number]>([
  ['simd', 'cosine', SEED],
  ['simd', 'dot', SEED + 1],
  ['simd', 'l2', SEED + 2],
  ['onnx', 'cosine', SEED + 3],
  ['onnx', 'l2', SEED + 4],
])(
  'Q1 Q3 Q8 C14 S1 I4 I7: %s kernels on IndexedDB answer as the model does (%s, seed %i)',
  async (kernel, metric, seed) => {
    store = uniqueStoreName();
    const connect = async () => {
      const storage = new IndexedDbStorage(store);
      await storage.open();
      return storage;
    };
    const config = { name: 'model', dimension: 8, metric };
    const compute = computeWith('wasm', kernel);
    const world = { config, compute, backend: 'wasm', connect, minComponents: 20_000 } as const;
    const ran = await runModel(world, seed, 500);
    expect(ran.sealed).toBe(true);
    expectRecall(ran.recalls);
  },
  120_000,
);
