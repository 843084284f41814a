import { expect, it } from 'vitest';
import { MemoryStorage } from '../storage/memory-storage.js';
import { FakeServer } from './fake-server.contract.js';
import { ManualClock } from './manual-clock.contract.js';
import { until } from './replicator-world.contract.js';
import { openTab } from './tab.contract.js';

it('Y10 Y12 replicated() of a tab that is not live resolves where another has the write acknowledged, and dies', async () => {
  const clock = new ManualClock();
  const server = new FakeServer(() => clock.now(), 2, 'last-writer-wins');
  const storage = new MemoryStorage();
  const [passive, other] = [await openTab(storage, server, clock), await openTab(storage, server, clock)];
  const stamp = await passive.collection.write('a', 1);
  let state = 'waits';
  void passive.replicator.replicated(['a'], stamp).then(() => {
    state = 'resolved';
  });
  await other.collection.follow();
  await other.replicator.now();
  expect(server.numbers()).toEqual({ a: 1 });
  expect(state).toBe('waits');
  // It says nothing of it. What tabs hear of is the commit.
  await other.replicator.stop();
  await passive.collection.follow();
  await until(() => state === 'resolved');
  await passive.replicator.stop();
});
