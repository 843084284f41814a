import { metadataOf } from '../data/dataset.js';
import { mean, percentile } from '../measure/statistics.js';
import { measurement, note, type RowKind } from './context.js';

/** Systems that rewrite everything for one record would take an hour: at least this many, then until the time is up. */
const AT_LEAST = 3;
const TIME_LIMIT_MS = 20_000;

/** New records one by one, each awaited until it is durable. */
export const upsert: RowKind = {
  name: 'upsert',
  title: 'One durable upsert into the full store',
  columns: [
    { key: 'p50', title: 'p50 page to page', unit: 'ms' },
    { key: 'p95', title: 'p95 page to page', unit: 'ms' },
    { key: 'putBytes', title: 'given to IndexedDB', unit: 'bytes' },
    { key: 'diskBytes', title: 'written to disk', unit: 'bytes' },
  ],
  principal: 'p50',
  needs: 'stored',
  async measure(context) {
    const { data, params, host, tick, shape } = context;
    const results = [];
    for (const name of new Set(context.lanes.plain.map((lane) => lane.name))) {
      context.log(`  ${name}: upserts`);
      const result = measurement('upsert', { name });
      const system = await context.start(name, true);
      await system.open(shape);
      await system.query(data.queries[0]!, params.topK);
      await system.upsert('warm-up', data.extra[0]!, metadataOf(0));
      const times: number[] = [];
      const put: number[] = [];
      const before = await host.writtenBytes();
      const deadline = performance.now() + TIME_LIMIT_MS;
      while (times.length < params.upserts && (times.length < AT_LEAST || performance.now() < deadline)) {
        const i = times.length + 1;
        const start = performance.now();
        const { putBytes } = await system.upsert(`new-${i}`, data.extra[i]!, metadataOf(i));
        times.push(performance.now() - start);
        if (putBytes !== undefined) put.push(putBytes);
      }
      const after = await host.writtenBytes();
      const { ids } = await system.query(data.extra[times.length]!, 1);
      if (ids[0] !== `new-${times.length}`) note(result, 'the last upsert was not found');
      if (times.length < params.upserts) note(result, `${times.length} upserts only: the time was up`);
      await system.close();
      result.values = {
        p50: percentile(times, 50, tick),
        p95: percentile(times, 95, tick),
      };
      if (put.length > 0) result.values.putBytes = mean(put);
      if (before !== undefined && after !== undefined)
        result.values.diskBytes = (after - before) / times.length;
      results.push(result);
    }
    return results;
  },
};
