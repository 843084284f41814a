import { openStore } from 'nearshore';
import { idOf, metadataOf } from '../data/dataset.js';
import { median } from '../measure/statistics.js';
import { measurement, note, type RowKind } from './context.js';

const COMMITS = 10_000;
const STORE = 'bench-commits';

/** A store that has grown by one record a commit, opened again by a new worker. */
export const reopen: RowKind = {
  name: 'reopen',
  title: 'Cold open after 10,000 commits of one record',
  columns: [
    { key: 'openMs', title: 'to opened', unit: 'ms' },
    { key: 'firstResultMs', title: 'to first answer', unit: 'ms' },
    { key: 'commitMs', title: 'one commit, relaxed', unit: 'ms' },
    { key: 'segments', title: 'segments left', unit: 'count' },
  ],
  principal: 'firstResultMs',
  needs: 'stored',
  async measure({ data, params, log }) {
    if (!params.peers.includes('nearshore')) return [];
    const result = measurement('reopen', { name: 'nearshore' });
    const { dimension, extra, queries } = data;
    const store = await openStore(STORE, { backend: 'wasm' });
    const rows = await store.collection('rows', { dimension });
    log(`  nearshore: ${COMMITS} commits`);
    const began = performance.now();
    for (let i = 0; i < COMMITS; i++) {
      const record = { id: idOf(i), vector: extra[i % extra.length]!, metadata: metadataOf(i) };
      await rows.upsert([record], { durability: 'memory' });
    }
    const commitMs = (performance.now() - began) / COMMITS;
    await store.close();
    const opened: number[] = [];
    const answered: number[] = [];
    let segments = 0;
    for (let round = 0; round < params.rounds; round++) {
      const start = performance.now();
      const again = await openStore(STORE, { backend: 'wasm' });
      const reopened = await again.collection('rows');
      opened.push(performance.now() - start);
      const { matches } = await reopened.query({
        vector: queries[round % queries.length]!,
        topK: params.topK,
      });
      answered.push(performance.now() - start);
      if (matches.length !== params.topK) note(result, `${matches.length} matches only`);
      const stats = await reopened.stats();
      segments = stats.segments;
      if (stats.records !== COMMITS) note(result, `${stats.records} records instead of ${COMMITS}`);
      if (round + 1 < params.rounds) await again.close();
      else await again.destroy();
    }
    result.values = { openMs: median(opened), firstResultMs: median(answered), commitMs, segments };
    return [result];
  },
};
