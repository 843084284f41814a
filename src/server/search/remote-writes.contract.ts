import { expect, test } from 'vitest';
import type { ConflictPolicy } from '../../shared/sync/protocol.js';
import type { RemoteWriteResult } from '../../shared/sync/remote.js';
import type { descriptorOf } from './memory-log.contract.js';
import type { SearchWorld } from './search-world.contract.js';

// What writes of clients that keep nothing promise on any log (SPEC, O5).

const OTHER_DEVICE = 'ffffffffffffffff';
const statuses = (written: { results: readonly RemoteWriteResult[] }) =>
  written.results.map(({ status }) => status);

export function testRemoteWrites(
  openWorld: (wanted: Parameters<typeof descriptorOf>[0]) => Promise<SearchWorld>,
): void {
  const POLICIES: ConflictPolicy[] = ['last-writer-wins', 'compare-and-set'];

  const recordOf = (world: SearchWorld, id: string, n = 0) => ({
    id,
    vector: world.vector(),
    metadata: `{"n":${n}}`,
    text: `text of ${id}`,
  });
  const metadataOf = async (world: SearchWorld, id: string) => (await world.get([id])).records.metadata?.[0];
  /** A stamp that is later than all that the world makes. */
  const laterStamp = async (world: SearchWorld) => {
    const milliseconds = (await world.log.time()) + 30_000;
    return `${milliseconds.toString(16).padStart(12, '0')}0000${OTHER_DEVICE}`;
  };

  for (const conflict of POLICIES) {
    test(`O5 upsert replaces what is there, under ${conflict}`, async () => {
      const world = await openWorld({ dimension: 4, conflict });
      const records = Array.from({ length: 250 }, (_, i) => recordOf(world, `r${i}`));
      const first = await world.write({ mode: 'upsert', records });
      expect(statuses(first)).toEqual(records.map(() => 'ok'));
      expect(first.count).toBe(250);
      const again = await world.write({ mode: 'upsert', records: [recordOf(world, 'r7', 1)] });
      expect(again.count).toBe(1);
      expect(await metadataOf(world, 'r7')).toBe('{"n":1}');
      expect(await world.count()).toBe(250);
      const stored = await world.get(['r249']);
      expect(stored.records.vectors).toEqual(records[249]!.vector);
      expect(stored.records.texts).toEqual(['text of r249']);
    });

    test(`O5 it replaces what has a later stamp, too, under ${conflict}; deletes do`, async () => {
      const world = await openWorld({ dimension: 4, conflict });
      const later = await laterStamp(world);
      await world.write({
        mode: 'upsert',
        records: [recordOf(world, 'a', 1)],
        stamp: later,
      });
      await world.write({ mode: 'upsert', records: [recordOf(world, 'a', 2)] });
      expect(await metadataOf(world, 'a')).toBe('{"n":2}');
      const [stored] = await world.stored(['a']);
      expect(stored!.stamp > later).toBe(true);
      await world.write({ mode: 'set-metadata', updates: [{ id: 'a', metadata: '{"n":3}' }] });
      expect(await metadataOf(world, 'a')).toBe('{"n":3}');
      expect((await world.write({ mode: 'delete', ids: ['a'] })).count).toBe(1);
      expect(await world.count()).toBe(0);
      await world.write({ mode: 'insert', records: [recordOf(world, 'a', 4)] });
      expect(await metadataOf(world, 'a')).toBe('{"n":4}');
    });

    test(`O5 repeated, it has one effect, under ${conflict}`, async () => {
      const world = await openWorld({ dimension: 4, conflict });
      const records = [recordOf(world, 'a', 1), recordOf(world, 'b', 1)];
      const calls = {
        upsert: { mode: 'upsert', records },
        insert: { mode: 'insert', records: [recordOf(world, 'c', 1)] },
        setMetadata: { mode: 'set-metadata', updates: [{ id: 'a', metadata: '{"n":5}' }] },
      } as const;
      for (const call of [calls.upsert, calls.insert, calls.setMetadata]) {
        const stamp = await world.stamp();
        const first = await world.write({ ...call, stamp });
        const again = await world.write({ ...call, stamp, repeated: true });
        expect(statuses(first)).toEqual(statuses(first).map(() => 'ok'));
        expect(again.results).toEqual(first.results);
      }
      // What was written after the first try stays.
      const stamp = await world.stamp();
      await world.write({ mode: 'upsert', records, stamp });
      await world.write({ mode: 'upsert', records: [recordOf(world, 'a', 9)] });
      expect(statuses(await world.write({ mode: 'upsert', records, stamp, repeated: true }))).toEqual([
        'ok',
        'ok',
      ]);
      expect(await metadataOf(world, 'a')).toBe('{"n":9}');
    });

    test(`O5 insert is refused as a whole where an id is there, under ${conflict}`, async () => {
      const world = await openWorld({ dimension: 4, conflict });
      await world.write({ mode: 'upsert', records: [recordOf(world, 'b')] });
      const records = ['a', 'b', 'c'].map((id) => recordOf(world, id, 1));
      const refused = await world.write({ mode: 'insert', records });
      expect(statuses(refused)).toEqual(['skipped', 'exists', 'skipped']);
      expect(refused.count).toBe(0);
      expect(await world.count()).toBe(1);
      expect(await metadataOf(world, 'b')).toBe('{"n":0}');
    });

    test(`O5 setMetadata keeps vector and text, and is refused as a whole where there is none, under ${conflict}`, async () => {
      const world = await openWorld({ dimension: 4, conflict });
      const record = recordOf(world, 'a');
      await world.write({ mode: 'upsert', records: [record] });
      const update = (id: string) => ({ id, metadata: '{"n":7}' });
      const refused = await world.write({ mode: 'set-metadata', updates: [update('a'), update('b')] });
      expect(statuses(refused)).toEqual(['skipped', 'absent']);
      expect(await metadataOf(world, 'a')).toBe('{"n":0}');
      await world.write({ mode: 'set-metadata', updates: [update('a')] });
      const { records } = await world.get(['a']);
      expect(records).toEqual({
        ids: ['a'],
        metadata: ['{"n":7}'],
        texts: ['text of a'],
        vectors: Float32Array.from(record.vector),
      });
    });

    test(`O5 delete passes over absent ids, and by filter deletes what passes, under ${conflict}`, async () => {
      const world = await openWorld({ dimension: 4, conflict });
      const records = Array.from({ length: 300 }, (_, i) => recordOf(world, `r${i}`, i % 3));
      await world.write({ mode: 'upsert', records });
      const byId = await world.write({ mode: 'delete', ids: ['r0', 'nobody', 'r1'] });
      expect(statuses(byId)).toEqual(['ok', 'absent', 'ok']);
      expect(byId.count).toBe(2);
      const byFilter = await world.write({ mode: 'delete-where', filter: { n: 2 } });
      expect(byFilter.count).toBe(100);
      expect(await world.count()).toBe(198);
      expect(await world.count({ n: 2 })).toBe(0);
      expect((await world.write({ mode: 'delete-where', filter: {} })).count).toBe(198);
      expect(await world.count()).toBe(0);
    });
  }

  test('O5 a stamp more than 60 s ahead is told, and nothing is applied', async () => {
    const world = await openWorld({ dimension: 4 });
    const milliseconds = (await world.log.time()) + 120_000;
    const stamp = `${milliseconds.toString(16).padStart(12, '0')}0000${OTHER_DEVICE}`;
    const written = await world.write({ mode: 'upsert', records: [recordOf(world, 'a')], stamp });
    expect(statuses(written)).toEqual(['future']);
    expect(Math.abs(written.time + 120_000 - milliseconds)).toBeLessThan(60_000);
    expect(await world.count()).toBe(0);
  });
}
