import { type Dataset, idOf, metadataOf, type Part } from '../data/dataset.js';
import { recallOf } from '../data/recall.js';
import { rotated } from '../measure/rotate.js';
import { median } from '../measure/statistics.js';
import type { Rows, Shape, System, SystemName } from '../peers/contract.js';
import type { Measurement } from '../results.js';
import { type Context, type Lane, measurement, note, type RowKind } from './context.js';

/** How it is shown; the stages run it through `ingestAll`, since it is also how the data gets there. */
export const ingest: Omit<RowKind, 'measure' | 'needs'> = {
  name: 'ingest',
  title: 'Bulk ingest, from arrays in the page',
  columns: [
    { key: 'durableMs', title: 'to durable', unit: 'ms' },
    { key: 'searchableMs', title: 'to durable and first answer', unit: 'ms' },
    { key: 'trainedMs', title: 'to trained index', unit: 'ms' },
  ],
  principal: 'searchableMs',
};

/**
 * What takes minutes to build is built once; its build does not gain from a second look. The ONNX kernel is
 * there to be queried: everything before is as in the other nearshore.
 */
const INGESTED_ONCE: readonly SystemName[] = ['hnsw', 'sqlite-vec', 'nearshore-onnx'];

interface Times {
  durable: number[];
  searchable: number[];
  trained: number[];
}

/** Stores the data in every system, `rounds` times; the systems of the last time stay loaded. */
export async function ingestAll(
  context: Omit<Context, 'lanes'>,
  names: readonly SystemName[],
  rounds: number,
): Promise<{ loaded: Lane[]; measurements: Measurement[] }> {
  const loaded = new Map<SystemName, Lane>();
  const results = new Map(
    names.map((name) => [
      name,
      { row: measurement('ingest', { name }), times: { durable: [], searchable: [], trained: [] } as Times },
    ]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(names, round)) {
      const stays = loaded.get(name);
      if (stays && INGESTED_ONCE.includes(name)) continue;
      await stays?.system.close();
      const system = await context.start(name);
      await system.destroy();
      await system.create(context.shape);
      context.log(`  ${name}: ingest ${round + 1}`);
      const { row, times } = results.get(name)!;
      await ingestOnce(context, system, row, times);
      loaded.set(name, { name, system });
    }
  }
  for (const { row, times } of results.values()) {
    row.values = {
      durableMs: median(times.durable),
      searchableMs: median(times.searchable),
      ...(times.trained.length > 0 ? { trainedMs: median(times.trained) } : {}),
    };
  }
  return { loaded: [...loaded.values()], measurements: [...results.values()].map(({ row }) => row) };
}

async function ingestOnce(
  { data, shape, params, truth }: Omit<Context, 'lanes'>,
  system: System,
  row: Measurement,
  times: Times,
): Promise<void> {
  let beginning: number | undefined;
  let end = 0;
  let durable = 0;
  for await (const part of data.parts()) {
    const rows = recordsOf(part, data, shape);
    const start = performance.now();
    beginning ??= start;
    await system.ingest(rows);
    end = performance.now();
    durable += end - start;
  }
  times.durable.push(durable);
  const making = end - beginning! - durable;

  const [first, second = first] = data.queries;
  const answer = await system.query(first!, params.topK);
  times.searchable.push(performance.now() - beginning! - making);
  note(row, answer.note);
  if (answer.exact && recallOf(answer.ids, truth.queries[0]!) < 1) {
    note(row, 'the first answer was not the exact one');
  }

  if (!system.train) return;
  const indexed = await system.train();
  if (indexed === 0) {
    note(row, 'so few rows get no index: every answer is exact');
    return;
  }
  const { exact } = await system.query(second!, params.topK);
  // An index may be made while the page makes the next part: the time on the clock is what counts.
  times.trained.push(performance.now() - beginning!);
  if (exact) note(row, 'once trained it was answered by the exact plan');
  if (indexed < data.size) note(row, `the index has ${indexed} of the rows`);
  if (making > 1_000) {
    note(row, `to trained index includes ${Math.round(making / 1_000)} s in which the page made the data`);
  }
}

function recordsOf({ from, vectors }: Part, { dimension }: Dataset, { capacity }: Shape): Rows {
  const rows = Array.from({ length: vectors.length / dimension }, (_, i) => from + i);
  return { dimension, capacity, ids: rows.map(idOf), vectors, metadata: rows.map(metadataOf) };
}
