import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Descriptor } from '../shared/sync/protocol.js';
import { type ChangeLog, CollectionDropped } from './change-log.js';
import { createShard, SETTINGS, TestShard, uniqueName, upsert } from './test-shard.contract.js';

/** The part of the change log's contract that is about whole collections. */
export function collectionsContract(log: () => ChangeLog): void {
  it('G6 a collection is created once, also by many at a time', async () => {
    const of = uniqueName();
    expect(await log().describe(of)).toBeUndefined();
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) => log().create(of, { ...SETTINGS, dimension: 2 + i })),
    );
    expect(new Set(made.map((each) => JSON.stringify(each))).size).toBe(1);
    const descriptor = made[0] as Descriptor;
    expect(descriptor.id).toMatch(/^[0-9a-f]{32}$/);
    expect(await log().describe(of)).toEqual(descriptor);
    expect(await log().list(of.tenant, of.store)).toEqual([{ collection: 'notes', descriptor }]);
    expect(await log().list(of.tenant, 'another')).toEqual([]);
  });

  it('G6 who has synced with a dropped collection is told, and who has not may create it anew', async () => {
    const shard = await createShard(log());
    await shard.push(upsert('a', 1), upsert('b', 2));
    expect(await log().drop(shard.name)).toBe(true);
    expect(await log().drop(shard.name)).toBe(false);
    expect(await log().describe(shard.name)).toBeUndefined();
    expect(await log().create(shard.name, SETTINGS, shard.descriptor.id)).toBe('dropped');

    const anew = (await log().create(shard.name, SETTINGS)) as Descriptor;
    expect(anew.id).not.toBe(shard.descriptor.id);
    const { entries } = await new TestShard(log(), shard.name, anew).page();
    expect(entries).toEqual([]);
  });

  it('G6 what comes late for a dropped collection is refused', async () => {
    const shard = await createShard(log());
    await shard.push(upsert('a', 1));
    await log().drop(shard.name);
    await expect(shard.push(upsert('b', 2))).rejects.toThrow(CollectionDropped);
    await expect(shard.pull()).rejects.toThrow(CollectionDropped);
    await expect(log().get(shard.name, shard.descriptor, 1, ['a'])).rejects.toThrow(CollectionDropped);
    await expect(shard.pushed([upsert('b', 2)], undefined, true)).rejects.toThrow(CollectionDropped);
  });

  it('G6 another collection, store or tenant has other records, whatever their names hold', async () => {
    const tenant = `}{${randomUUID()}`;
    const names = [
      { tenant: `${tenant}/b`, store: 'c', collection: 'd' },
      { tenant, store: 'b/c', collection: 'd' },
      { tenant, store: 'b', collection: 'c/d' },
      { tenant, store: 'b', collection: 'c}#1' },
      { tenant, store: '\ud800', collection: '\ud800' },
      { tenant, store: '\ud801', collection: '\ufffd' },
    ];
    const shards = await Promise.all(
      names.map(
        async (of) => new TestShard(log(), of, (await log().create(of, { ...SETTINGS })) as Descriptor, 1),
      ),
    );
    for (const [i, shard] of shards.entries()) await shard.push(upsert(`only-${i}`, 1));
    for (const [i, shard] of shards.entries()) {
      expect((await shard.page()).entries.map(({ id }) => id)).toEqual([`only-${i}`]);
    }
  });
}
