import { test } from 'vitest';
import type { RemoteQuery } from '../../shared/sync/remote.js';
import { descriptorOf, MemoryLog, NAME } from './memory-log.contract.js';
import { compareFilters } from './random-filters.contract.js';
import { NEVER, SearchWorld } from './search-world.contract.js';

test('O1 F1-F18 server, device and an oracle agree on 10,000 random filters', {
  timeout: 300_000,
}, async () => {
  const open = async () => {
    const world = new SearchWorld(new MemoryLog(), descriptorOf({ dimension: 2 }));
    return {
      store: (records: Parameters<SearchWorld['push']>[0]) => world.push(records),
      async query(queries: readonly RemoteQuery[]) {
        const request = { collection: world.descriptor.id, queries };
        return (await world.search.query(NAME, world.descriptor, request, { signal: NEVER })).answers;
      },
    };
  };
  const { selective } = await compareFilters(open, 10_000, 42);
  console.info(`filters that match some records but not all: ${(100 * selective).toFixed(1)} %`);
});
