import type { Dataset } from '../data/dataset.js';
import { recallOf } from '../data/recall.js';
import { mean } from '../measure/statistics.js';
import { type Lane, type Lanes, take } from './context.js';
import type { Truth } from './truth.js';

/** Mean recalls that systems are compared at. */
const WANTED = [0.95, 0.97, 0.99];

/** All lanes of the systems that have the data in memory. */
export async function makeLanes(
  loaded: readonly Lane[],
  data: Dataset,
  truth: Truth,
  topK: number,
): Promise<Lanes> {
  const exact: Lane[] = [];
  const tuned: Lane[] = [];
  const plain: Lane[] = [];
  const tried: Lane[] = [];
  for (const lane of loaded) {
    const found = await tune(lane, data, truth, topK);
    tuned.push(...found.tuned);
    tried.push(...found.tried);
    if (lane.name === 'hnsw') {
      plain.push(...found.tuned);
    } else {
      exact.push({ ...lane, effort: 'exact' });
      if (lane.name !== 'nearshore-onnx') plain.push(lane);
    }
  }
  return { exact, tuned, plain, tried };
}

/** For each wanted recall the least effort that reaches it on the tuning queries, of those worth trying. */
async function tune(
  lane: Lane,
  data: Dataset,
  truth: Truth,
  topK: number,
): Promise<{ tuned: Lane[]; tried: Lane[] }> {
  const { effort: scale } = lane.system;
  if (!scale) return { tuned: [lane], tried: [] };
  const tuned: Lane[] = [];
  const tried: Lane[] = [];
  let best = 0;
  let missing = WANTED;
  for (const effort of scale.tries) {
    const set: Lane = { ...lane, effort, setting: `${scale.name} ${effort}` };
    const { recall, allExact } = await recallWith(set, data, truth, topK);
    tried.push(set);
    best = Math.max(best, recall);
    const wanted = missing.filter((recall) => recall <= best);
    missing = missing.filter((recall) => recall > best);
    if (wanted.length > 0) tuned.push({ ...set, wanted });
    // More effort would change nothing.
    if (allExact) break;
  }
  if (tuned.length === 0) {
    const most = tried.at(-1)!;
    tuned.push({ ...most, setting: `recall ${best.toFixed(3)} at most, ${most.setting}` });
  }
  return { tuned, tried };
}

async function recallWith(
  lane: Lane,
  data: Dataset,
  truth: Truth,
  topK: number,
): Promise<{ recall: number; allExact: boolean }> {
  const system = await take(lane);
  const recalls: number[] = [];
  let allExact = true;
  for (const [i, query] of data.tuning.entries()) {
    const { ids, exact } = await system.query(query, topK);
    recalls.push(recallOf(ids, truth.tuning[i]!));
    allExact &&= exact;
  }
  return { recall: mean(recalls), allExact };
}
