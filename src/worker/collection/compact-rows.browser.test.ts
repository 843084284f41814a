import { expect, it } from 'vitest';
import { SeededRandom } from '../seeded-random.contract.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { callOptions, computeWith, openEngine, packRecords } from './engine.contract.js';
import { MemoryBudget } from './memory-budget.js';

const DIMENSION = 8;
const ROWS = 3000;
const CONFIG = { name: 'notes', dimension: DIMENSION, metric: 'dot' } as const;

it('K9 K10 when ONNX Runtime takes over, which holds float32 or nothing, the budget is kept', async () => {
  const random = new SeededRandom(1);
  const records = Array.from({ length: ROWS }, (_, i) => ({
    id: `r${i}`,
    vector: Array.from({ length: DIMENSION }, () => random.normal()),
  }));
  const seen: unknown[] = [];
  for (const holding of [{ quantization: 'int16' }, { memory: new MemoryBudget(1) }] as const) {
    const compute = computeWith('auto', 'onnx');
    const { engine } = await openEngine(new MemoryStorage(), CONFIG, compute, undefined, undefined, holding);
    await engine.upsert(packRecords(records, DIMENSION), 'upsert', 'disk', callOptions());
    await engine.warmUp();
    // What becomes finer follows by itself.
    const rests = async () => (await engine.stats()).heldAs.int16 === 0;
    while (!(await rests())) await new Promise((resolve) => setTimeout(resolve));
    const [answer] = await engine.query([{ vector: Float32Array.from(records[0]!.vector) }], callOptions());
    const { heldAs } = await engine.stats();
    seen.push({ heldAs, kernel: answer!.receipt.kernel, exact: answer!.receipt.exact });
  }
  const exactly = { kernel: 'onnx', exact: true };
  expect(seen).toEqual([
    { heldAs: { float32: ROWS, int16: 0, int8: 0, storage: 0 }, ...exactly },
    { heldAs: { float32: 0, int16: 0, int8: 0, storage: ROWS }, ...exactly },
  ]);
}, 60_000);
