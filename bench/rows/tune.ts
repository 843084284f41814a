import type { Dataset } from '../data/dataset.js';
import { recallOf } from '../data/recall.js';
import { mean } from '../measure/statistics.js';
import type { System } from '../peers/contract.js';
import type { Lane } from './context.js';
import type { Truth } from './truth.js';

const EFS = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 200, 240, 320, 400, 480, 640, 960];
const TARGETS = [0.95, 0.97, 0.99];

/** One lane for each wanted recall: the lowest ef of the list that reaches it on the tuning queries. */
export async function tuneHnsw(system: System, data: Dataset, truth: Truth, topK: number): Promise<Lane[]> {
  const kth = await truth.tuning();
  const lanes: Lane[] = [];
  let best = 0;
  for (const ef of EFS.filter((candidate) => candidate >= topK)) {
    await system.setEf!(ef);
    const recalls: number[] = [];
    for (const [i, query] of data.tuning.entries()) {
      const { ids } = await system.query(query, topK);
      recalls.push(recallOf(data, query, ids, topK, kth[i]!));
    }
    best = Math.max(best, mean(recalls));
    while (lanes.length < TARGETS.length && best >= TARGETS[lanes.length]!) {
      lanes.push({ name: 'hnsw', system, ef, variant: `recall ≥ ${TARGETS[lanes.length]}, ef ${ef}` });
    }
    if (lanes.length === TARGETS.length) break;
  }
  if (lanes.length === 0) {
    const ef = EFS.at(-1)!;
    lanes.push({ name: 'hnsw', system, ef, variant: `recall ${best.toFixed(3)} at most, ef ${ef}` });
  }
  return lanes;
}
