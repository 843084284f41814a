import { expect, it } from 'vitest';
import { RawStorage } from '../storage/raw-storage.contract.js';
import { FakeServer } from './fake-server.contract.js';
import { ManualClock } from './manual-clock.contract.js';
import { openTab } from './tab.contract.js';

/** A device that has pushed a, b and c, has pulled d, and has not pushed a newer c and e: each in a segment of its own. */
async function synced() {
  const clock = new ManualClock();
  const server = new FakeServer(() => clock.now(), 2, 'last-writer-wins');
  const storage = new RawStorage();
  const { collection, replicator } = await openTab(storage, server, clock);
  for (const [number, id] of ['a', 'b', 'c'].entries()) await collection.write(id, number);
  await replicator.now();
  server.put('d', 3, `${clock.now().toString(16).padStart(12, '0')}0000${'b'.repeat(16)}`);
  await replicator.now();
  clock.pass(1_000);
  const stamps = { c: await collection.write('c', 9), e: await collection.write('e', 4) };
  await replicator.stop();
  collection.close();
  return { clock, server, storage, stamps };
}

const SEGMENTS = { a: 0, b: 1, 'c that was replaced': 2, d: 3, 'the newer c': 4, e: 5 };
const ALL = { a: 0, b: 1, c: 9, d: 3, e: 4 };

it.each([
  ['a', ALL],
  ['b', ALL],
  ['d', ALL],
  // What no server has is gone, but for what is kept in quarantine: the server's version is back.
  ['the newer c', { ...ALL, c: 2 }],
  ['e', { a: 0, b: 1, c: 9, d: 3 }],
] as const)(
  'R1 Y15 where the segment of %s is damaged, what the server has is pulled again, and the rest syncs on',
  async (which, after) => {
    const { clock, server, storage } = await synced();
    const key = `1/${SEGMENTS[which]}/ids/0`;
    const page = storage.pages.get(key) as { bytes: Uint8Array<ArrayBuffer> };
    page.bytes = page.bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    const { collection, replicator } = await openTab(storage, server, clock);
    // Who meets it answers without it.
    expect(Object.keys(await collection.numbers())).toHaveLength(4);
    expect(await collection.quarantined()).toBe(1);
    await replicator.now();
    expect(await collection.numbers()).toEqual(after);
    expect(server.numbers()).toEqual(after);
    expect(replicator.status().pending).toBe(0);

    await collection.write('f', 5);
    await collection.remove('a');
    await replicator.now();
    const { a: _, ...rest } = after;
    expect(await collection.numbers()).toEqual({ ...rest, f: 5 });
    expect(server.numbers()).toEqual({ ...rest, f: 5 });
    await replicator.stop();
  },
);

it('R1 Y15 damage that is met later is healed by the next round', async () => {
  const { clock, server, storage } = await synced();
  const { collection, replicator } = await openTab(storage, server, clock);
  await replicator.now();
  const page = storage.pages.get('1/0/metadata/0') as { bytes: Uint8Array<ArrayBuffer> };
  page.bytes = page.bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte));
  // The call that meets it answers without it.
  expect(await collection.numbers()).toEqual({ b: 1, c: 9, d: 3, e: 4 });
  await replicator.now();
  expect(await collection.numbers()).toEqual(ALL);
  await replicator.stop();
});

it.each([
  ['e', 'e'],
  ['c', 'the newer c'],
] as const)('R1 Y12 replicated() of a write of %s that damage has taken rejects', async (id, which) => {
  const { clock, server, storage, stamps } = await synced();
  const page = storage.pages.get(`1/${SEGMENTS[which]}/ids/0`) as { bytes: Uint8Array<ArrayBuffer> };
  const { collection, replicator } = await openTab(storage, server, clock);
  const other = id === 'c' ? 'e' : 'c';
  // Asked before it is found, and after.
  const waiting = replicator.replicated([other, id], stamps[id]).catch((error) => error);
  page.bytes = page.bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
  const again = await openTab(storage, server, clock);
  await again.collection.numbers();
  expect(await again.collection.quarantined()).toBe(1);
  await collection.follow();
  await replicator.now();
  for (const error of [await waiting, await replicator.replicated([id], stamps[id]).catch((e) => e)]) {
    expect(error).toMatchObject({ code: 'SYNC_REJECTED', message: expect.stringContaining(`"${id}"`) });
  }
  await replicator.replicated([other], stamps[other]);
  await replicator.stop();
  await again.replicator.stop();
});
