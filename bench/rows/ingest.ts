import { recallOf } from '../data/recall.js';
import { rotated } from '../measure/rotate.js';
import { median } from '../measure/statistics.js';
import type { SystemName } from '../peers/contract.js';
import type { Measurement } from '../results.js';
import { type Context, type Lane, measurement, note, type RowKind } from './context.js';

/** How it is shown; the stages run it through `ingestAll`, since it is also how the data gets there. */
export const ingest: Omit<RowKind, 'measure' | 'needs'> = {
  name: 'ingest',
  title: 'Bulk ingest, from arrays in the page',
  columns: [
    { key: 'durableMs', title: 'to durable', unit: 'ms' },
    { key: 'searchableMs', title: 'to durable and first answer', unit: 'ms' },
  ],
  principal: 'searchableMs',
};

/** An index that takes minutes to build is built once; its build does not gain from a second look. */
const BUILT_ONCE: readonly SystemName[] = ['hnsw'];

/** Stores the data in every system, `rounds` times; the systems of the last time stay loaded. */
export async function ingestAll(
  context: Omit<Context, 'lanes'>,
  names: readonly SystemName[],
  rounds: number,
): Promise<{ lanes: Lane[]; measurements: Measurement[] }> {
  const { data, shape, params } = context;
  const lanes = new Map<SystemName, Lane>();
  const results = new Map(
    names.map((name) => [
      name,
      { row: measurement('ingest', { name }), durable: [] as number[], searchable: [] as number[] },
    ]),
  );
  const query = data.queries[0]!;
  const kth = (await context.truth.queries())[0]!;
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(names, round)) {
      const stays = lanes.get(name);
      if (stays && BUILT_ONCE.includes(name)) continue;
      await stays?.system.close();
      const system = await context.start(name);
      await system.destroy();
      await system.create(shape);
      context.log(`  ${name}: ingest ${round + 1}`);
      const { row, durable, searchable } = results.get(name)!;
      const start = performance.now();
      await system.ingest({ ...shape, ids: data.ids, vectors: data.base, metadata: data.metadata });
      durable.push(performance.now() - start);
      const answer = await system.query(query, params.topK);
      searchable.push(performance.now() - start);
      note(row, answer.note);
      if (!system.setEf && recallOf(data, query, answer.ids, params.topK, kth) < 1) {
        note(row, 'the first answer was not the exact one');
      }
      lanes.set(name, { name, system });
    }
  }
  for (const { row, durable, searchable } of results.values()) {
    row.values = { durableMs: median(durable), searchableMs: median(searchable) };
  }
  return { lanes: [...lanes.values()], measurements: [...results.values()].map(({ row }) => row) };
}
