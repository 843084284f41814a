import { expect, it } from 'vitest';
import type { Metric } from '../../shared/types.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { computeWith, type HoldingOptions, jsCompute } from './engine.contract.js';
import { MemoryBudget } from './memory-budget.js';
import { runModel } from './model.contract.js';
import { expectRecall } from './model-parts.contract.js';

// 3 × 800 steps. VITE_MODEL_SEED repeats a run.
const SEED = Number(import.meta.env.VITE_MODEL_SEED ?? Date.now() % 1e9);

it.each<[Metric, number]>([
  ['cosine', SEED],
  ['dot', SEED + 1],
  ['l2', SEED + 2],
])(
  'Q1 C5 C9 C10 C11 C14 I4 I7: plain JS on MemoryStorage answers as the model does (%s, seed %i)',
  async (metric, seed) => {
    const storage = new MemoryStorage();
    const config = { name: 'model', dimension: 8, metric };
    const compute = jsCompute();
    const world = { config, compute, backend: 'js', connect: async () => storage } as const;
    const ran = await runModel({ ...world, minComponents: 20_000 }, seed, 800);
    expect(ran.sealed).toBe(true);
    expectRecall(ran.recalls);
  },
  90_000,
);

const HOLDINGS: Record<string, () => HoldingOptions> = {
  int16: () => ({ quantization: 'int16' }),
  int8: () => ({ quantization: 'int8' }),
  'no memory to speak of': () => ({ memory: new MemoryBudget(1) }),
  // Room for float32 at first, and for less and less as it grows.
  '700 kB': () => ({ memory: new MemoryBudget(700_000) }),
};

it.each(Object.keys(HOLDINGS).map((name, i) => [name, SEED + 3 + i] as const))(
  'K9 K10 Q1 I4 I7: with %s, SIMD kernels on MemoryStorage answer as the model does (seed %i)',
  async (name, seed) => {
    const storage = new MemoryStorage();
    const metric = (['cosine', 'dot', 'l2'] as const)[seed % 3]!;
    const config = { name: 'model', dimension: 8, metric };
    const compute = computeWith('wasm');
    const world = { config, compute, backend: 'wasm', connect: async () => storage } as const;
    const budget = name === '700 kB' ? { mostVectorBytes: 700_000 } : {};
    const holding = HOLDINGS[name]!;
    const ran = await runModel({ ...world, ...budget, minComponents: 20_000, holding }, seed, 300);
    expect(ran.sealed).toBe(true);
    expectRecall(ran.recalls);
  },
  90_000,
);
