import { packStrings } from '../../src/shared/string-column.js';
import type { QueryOnWire } from '../../src/shared/worker-api.js';
import { callOptions, computeWith, openEngine } from '../../src/worker/collection/engine.contract.js';
import { TRAINED_COMPONENTS, type Train } from '../../src/worker/collection/list-order.js';
import type { TextEmbedder } from '../../src/worker/embed/text-embedder.js';
import { trainInWorker } from '../../src/worker/index/train-in-worker.js';
import { MemoryStorage } from '../../src/worker/storage/memory-storage.js';
import { median } from '../measure/statistics.js';

export interface WordRecord {
  readonly id: string;
  readonly words: readonly string[];
  readonly text: string;
}

export interface Pair {
  readonly word: string;
  readonly text: string;
}

const WAYS = ['keyword', 'vector', 'hybrid'] as const;
export type Way = (typeof WAYS)[number];

export interface Figures {
  readonly records: number;
  readonly pairs: number;
  /** By the set of pairs: the share of them whose word is among the first ten. */
  readonly recall: Record<string, Record<Way, number>>;
  /** p50 in the worker, of all pairs. */
  readonly p50: Record<Way, number>;
  /** Once, of all records. */
  readonly buildMs: { readonly keyword: number; readonly vector: number };
}

const TOP_K = 10;
/** In blocks of so many the ways take turns. */
const BLOCK = 25;

/** The collection's engine as it is in the worker, on memory. */
export async function measure(
  records: readonly WordRecord[],
  sets: Record<string, readonly Pair[]>,
  embedder: TextEmbedder,
): Promise<Figures> {
  const { dimension } = embedder;
  const compute = computeWith('auto');
  await compute.load();
  const train: Train = (rows, config, options) =>
    trainInWorker(rows, config, {
      ...options,
      seed: 1,
      startTrainer: undefined,
      assetBaseUrl: undefined,
      kernelsHere: compute.active,
    });
  const config = { name: 'words', dimension, metric: 'cosine' as const };
  const { engine } = await openEngine(new MemoryStorage(), config, compute, TRAINED_COMPONENTS, train);
  const texts = records.map(({ text }) => text);
  const packed = {
    ids: packStrings(records.map(({ id }) => id)),
    vectors: await embedder.embed(texts),
    toEmbed: [],
    metadata: undefined,
    texts: packStrings(texts),
  };
  await engine.upsert(packed, 'upsert', 'memory', callOptions());
  const timed = async (task: () => Promise<unknown>) => {
    const began = performance.now();
    await task();
    return performance.now() - began;
  };
  const ask = async (query: QueryOnWire) => (await engine.query([query], callOptions()))[0]!;
  const vectorMs = await timed(() => engine.optimize(callOptions()));
  const text = 'fear of spiders';
  const first = await timed(() => ask({ text, keyword: {} }));
  const second = await timed(() => ask({ text, keyword: {} }));

  const wordsOf = new Map(records.map(({ id, words }) => [id, words]));
  const times: Record<Way, number[]> = { keyword: [], vector: [], hybrid: [] };
  const recall: Figures['recall'] = {};
  for (const [name, pairs] of Object.entries(sets)) {
    const vectors = await embedder.embed(pairs.map((pair) => pair.text));
    const hits: Record<Way, number> = { keyword: 0, vector: 0, hybrid: 0 };
    for (let from = 0; from < pairs.length; from += BLOCK) {
      for (const way of WAYS) {
        for (const [i, pair] of pairs.slice(from, from + BLOCK).entries()) {
          const vector = vectors.slice((from + i) * dimension, (from + i + 1) * dimension);
          const { ids, receipt } = await ask(queryOf(way, pair.text, vector));
          times[way].push(receipt.elapsedMs);
          if (ids.some((id) => wordsOf.get(id)!.includes(pair.word))) hits[way]++;
        }
      }
    }
    const share = (way: Way) => hits[way] / pairs.length;
    recall[name] = { keyword: share('keyword'), vector: share('vector'), hybrid: share('hybrid') };
  }
  return {
    records: records.length,
    pairs: Object.values(sets)[0]!.length,
    recall,
    p50: { keyword: median(times.keyword), vector: median(times.vector), hybrid: median(times.hybrid) },
    buildMs: { keyword: first - second, vector: vectorMs },
  };
}

function queryOf(way: Way, text: string, vector: Float32Array<ArrayBuffer>): QueryOnWire {
  const common = { topK: TOP_K, includeMetadata: false };
  switch (way) {
    case 'keyword':
      return { ...common, text, keyword: {} };
    case 'vector':
      return { ...common, vector };
    case 'hybrid':
      return { ...common, text, vector, hybrid: {} };
  }
}
