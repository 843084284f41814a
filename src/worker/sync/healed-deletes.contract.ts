import { afterEach, describe, test } from 'vitest';
import { type MakeCollection, World } from './replicator-world.contract.js';

/** Of a tombstone. */
const TWO_LIVES_MS = 2 * 3_600_000;

/** What merges on the device must leave for healing, on any mirror. */
export function describeHealedDeletes(name: string, make: MakeCollection): void {
  describe(`healed deletes, ${name}`, () => {
    let world: World;
    const setUp = async () => {
      world = await World.make(make, { shards: 1 });
      return world;
    };
    afterEach(() => world.replicator.stop());

    test('Y14 a delete that was acknowledged long after it was made is healed after a merge', async () => {
      const { server, collection, clock } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      const before = server.image(0);
      await collection.remove('a');
      clock.pass(TWO_LIVES_MS);
      await world.replicator.now();
      await collection.optimize();
      server.fail(0, before);
      await world.replicator.now();
      await world.expectEqual({});
    });

    test('Y14 a clock that is set wrong between visits lets no merge drop a tombstone', async () => {
      const { server, collection, clock } = await setUp();
      await collection.write('a', 1);
      await world.synced();
      const before = server.image(0);
      await collection.remove('a');
      await world.replicator.now();
      clock.skewMs = TWO_LIVES_MS;
      await collection.optimize();
      server.fail(0, before);
      await world.restart();
      await world.replicator.now();
      await world.expectEqual({});
    });
  });
}
