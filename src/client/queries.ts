import type { Problem } from '../shared/errors.js';
import { queryProblem } from '../shared/query-check.js';
import { isToEmbed } from '../shared/texts-to-embed.js';
import type { CollectionConfig, Embedder, Query, QueryResult, WorkerEmbedder } from '../shared/types.js';
import type { MatchesOnWire, QueryOnWire } from '../shared/worker-api.js';
import { embedInBatches, isWorkerEmbedder } from './embed.js';
import { unpackMatches } from './unpack-records.js';

/** What the queries of one collection are checked by, and answered with. */
export interface Asking {
  readonly config: CollectionConfig;
  readonly embedder: Embedder | WorkerEmbedder | undefined;
  readonly ask: (
    queries: readonly QueryOnWire[],
    signal: AbortSignal | undefined,
  ) => Promise<MatchesOnWire[]>;
}

/** One answer per query. `onProblem` is told of each that is bad, then `checked` is called; either may throw. */
export async function runQueries<M>(
  { config, embedder, ask: send }: Asking,
  queries: readonly Query<M>[],
  onProblem: (problem: Problem) => void,
  checked: () => void = () => {},
): Promise<QueryResult<M>[]> {
  const { dimension, metric } = config;
  const rules = { dimension, metric, canEmbed: embedder !== undefined };
  for (const [position, query] of queries.entries()) {
    const fault = queryProblem(query, rules);
    if (fault !== undefined) onProblem({ position, ...fault });
  }
  checked();
  const signals = queries.flatMap(({ signal }) => (signal === undefined ? [] : [signal]));
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  const plain = queries.map((query) => toWire(query as Query));
  const wires =
    embedder === undefined || isWorkerEmbedder(embedder)
      ? plain
      : await embedQueries(plain, embedder, config, signal);
  const ask = async (asked: readonly QueryOnWire[]) =>
    (await send(asked, signal)).map((answer) => unpackMatches<M>(answer));
  if (queries.every(({ where }) => where === undefined)) return ask(wires);
  const { searchWhere } = await import('./where.js');
  return Promise.all(
    queries.map(async ({ where }, i) => {
      const one = async (wire: QueryOnWire) => (await ask([wire]))[0]!;
      return where === undefined ? one(wires[i]!) : searchWhere(one, wires[i]!, where);
    }),
  );
}

/** Takes the vectors of texts from an embedder that runs on the page. */
async function embedQueries(
  wires: readonly QueryOnWire[],
  embedder: Embedder,
  config: CollectionConfig,
  signal: AbortSignal | undefined,
): Promise<QueryOnWire[]> {
  const texts = new Set(wires.filter(isToEmbed).map(({ text }) => text!));
  const vectors = new Map<string, Float32Array | readonly number[]>();
  for await (const batch of embedInBatches([...texts], embedder, config, 'query', signal)) {
    for (const [text, vector] of batch) vectors.set(text, vector);
  }
  return wires.map((wire) => {
    if (!isToEmbed(wire)) return wire;
    const { text, ...rest } = wire;
    // The words of a hybrid query are looked for in the worker.
    return { ...(wire.hybrid === undefined ? rest : wire), vector: new Float32Array(vectors.get(text!)!) };
  });
}

function toWire(query: Query): QueryOnWire {
  const { vector, text, id, topK = 10, minScore, filter, exact, targetRecall, scope } = query;
  const { groupBy, groupSize, diversity, keyword, hybrid } = query;
  const { includeVectors = false, includeMetadata = true } = query;
  const wire: Writable<QueryOnWire> = { topK, includeVectors, includeMetadata };
  // Only what is given: an undefined property is cloned, too.
  if (exact !== undefined) wire.exact = exact;
  if (targetRecall !== undefined) wire.targetRecall = targetRecall;
  if (scope !== undefined) wire.scope = scope;
  if (minScore !== undefined) wire.minScore = minScore;
  if (filter !== undefined) wire.filter = filter;
  if (groupBy !== undefined) wire.groupBy = groupBy;
  if (groupSize !== undefined) wire.groupSize = groupSize;
  if (diversity !== undefined && diversity > 0) wire.diversity = diversity;
  if (keyword) wire.keyword = keyword === true ? {} : keyword;
  if (hybrid) wire.hybrid = hybrid === true ? {} : hybrid;
  // A copy: the caller's array may change at once, and of a view the clone would take the whole buffer.
  if (vector !== undefined) wire.vector = new Float32Array(vector);
  else if (id !== undefined) wire.id = id;
  if (text !== undefined) wire.text = text;
  return wire;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
