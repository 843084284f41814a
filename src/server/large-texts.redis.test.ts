import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { MemoryStorage } from '../worker/storage/memory-storage.js';
import { EngineCollection } from '../worker/sync/engine-collection.contract.js';
import { ManualNetwork } from '../worker/sync/manual-clock.contract.js';
import { Replicator } from '../worker/sync/replicator.js';
import { deviceClock } from '../worker/sync/surroundings.js';
import { type ShippedServer, startShippedServer } from './simulation/shipped-server.contract.js';

/** Bytes of a text: of two of them JSON makes more than 8 MiB, of twice as many in one, too. */
const LONG = 750_000;
/** JSON makes six bytes of each. */
const control = (bytes: number) => '\u0001'.repeat(bytes);

let shipped: ShippedServer;
beforeAll(async () => {
  shipped = await startShippedServer();
});
afterAll(() => shipped?.stop());

/** A device with the shipped collection and replicator, which syncs when it is told to. */
async function openDevice(): Promise<{ notes: EngineCollection; replicator: Replicator }> {
  const { transport, close } = await shipped.reach('texts', Date.now);
  const notes = await EngineCollection.open(new MemoryStorage(), deviceClock, 'last-writer-wins');
  const replicator = new Replicator({
    transport,
    mirror: notes.mirror,
    collection: { config: { dimension: 2, metric: 'cosine', conflict: 'last-writer-wins' } },
    conflicts: { merge: async () => 'remote', lost: () => {} },
    ...{ live: false, replicated: false, clock: deviceClock, network: new ManualNetwork() },
    random: Math.random,
  });
  replicator.start();
  onTestFinished(async () => {
    await replicator.stop();
    notes.close();
    await close();
  });
  return { notes, replicator };
}

test('Y11 texts that JSON makes larger than a request may be are pushed; one that no request has room for is refused by name, and keeps nothing else', async () => {
  const { notes, replicator } = await openDevice();
  await notes.writeTexts({ a: control(LONG), b: control(LONG), c: 'short' });
  await replicator.now();
  expect(replicator.status()).toMatchObject({ state: 'idle', pending: 0, pushed: 3 });

  await notes.writeTexts({ d: 'before', large: control(2 * LONG), e: 'after' });
  await expect(replicator.now()).rejects.toMatchObject({
    code: 'SYNC_REJECTED',
    message: expect.stringMatching(/"large" was refused: it takes 9000\d{3} bytes/),
  });
  expect(replicator.status()).toMatchObject({ pending: 1, pushed: 5 });

  const other = await openDevice();
  await other.replicator.now();
  const there = await other.notes.mirror.operations(['a', 'b', 'c', 'd', 'e', 'large']);
  const lengths = Object.fromEntries(there.map(({ id, text }) => [id, text!.length]));
  expect(lengths).toEqual({ a: LONG, b: LONG, c: 5, d: 6, e: 5 });
});
