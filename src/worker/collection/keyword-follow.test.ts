import { expect, it } from 'vitest';
import { MemoryStorage } from '../storage/memory-storage.js';
import { RawStorage } from '../storage/raw-storage.contract.js';
import type { CollectionEngine } from './collection-engine.js';
import { CONFIG, callOptions, clientOf, openEngine, record } from './engine.contract.js';
import {
  deleted,
  descriptorOf,
  LATER,
  openNotes,
  stampAt,
  upserted,
} from './mirror/mirror-world.contract.js';

async function words(engine: CollectionEngine, text: string, fields: readonly string[] = []) {
  const [answer] = await engine.query([{ text, keyword: { fields }, topK: 100 }], callOptions());
  return answer!.ids.toSorted();
}

const said = (id: string, text: string) => record(id, 1, 0, undefined, text);

it('J9 words follow what another tab writes, replaces, deletes and merges', async () => {
  const storage = new MemoryStorage();
  const [one, two] = [await openEngine(storage, CONFIG), await openEngine(storage, CONFIG)];
  const writer = clientOf(one.engine);
  const step = async (write: () => Promise<unknown>, expected: Record<string, string[]>) => {
    await write();
    await two.engine.follow((await one.engine.stats()).generation);
    for (const [text, ids] of Object.entries(expected)) expect(await words(two.engine, text)).toEqual(ids);
  };
  await step(() => writer.upsert([said('a', 'the ferry'), said('b', 'a boat')]), {
    ferry: ['a'],
    boat: ['b'],
  });
  await step(() => writer.upsert([said('c', 'one more ferry')]), { ferry: ['a', 'c'] });
  await step(() => writer.upsert([said('a', 'a boat now')]), { ferry: ['c'], boat: ['a', 'b'] });
  await step(() => writer.deleteIds(['b']), { boat: ['a'] });
  await step(() => one.engine.optimize(callOptions()), { ferry: ['c'], boat: ['a'], now: ['a'] });
  expect((await two.engine.stats()).segments).toBe(1);
});

it('J9 words follow what a sync pulls: records, deletions, and a record that is newer here', async () => {
  const { engine, mirror, pull, upsert } = await openNotes(new MemoryStorage());
  await mirror.begin(descriptorOf(), 0);
  await upsert([said('mine', 'the ferry')]);
  // The index of what is there has been made before.
  expect(await words(engine, 'ferry', ['title'])).toEqual(['mine']);
  const titled = (id: string, title: string, counter: number) =>
    upserted(id, stampAt(LATER, counter), 9, { title });
  await pull([titled('theirs', 'Ferry', 1), titled('other', 'Boat', 2)]);
  expect(await words(engine, 'ferry', ['title'])).toEqual(['mine', 'theirs']);
  await pull([titled('mine', 'Boat', 3), deleted('theirs', stampAt(LATER, 4))]);
  expect(await words(engine, 'ferry', ['title'])).toEqual([]);
  expect(await words(engine, 'boat', ['title'])).toEqual(['mine', 'other']);
  await upsert([said('newer', 'the tide')]);
  await pull([upserted('newer', stampAt(1), 9, { title: 'Ferry' })]);
  expect(await words(engine, 'ferry', ['title'])).toEqual([]);
  expect(await words(engine, 'tide', ['title'])).toEqual(['newer']);
});

it.each(['texts', 'ids'])(
  'J9 R1 where the %s of a segment are damaged, it is quarantined, and the words of the rest answer',
  async (column) => {
    const storage = new RawStorage();
    const first = clientOf((await openEngine(storage, CONFIG)).engine);
    await first.upsert([said('a', 'the ferry'), said('b', 'a boat')]);
    await first.upsert([said('c', 'one more ferry')]);
    const page = storage.pages.get(`1/0/${column}/0`) as { bytes: Uint8Array<ArrayBuffer> };
    page.bytes = page.bytes.slice();
    page.bytes[page.bytes.length - 1]! ^= 1;
    const { engine, quarantines } = await openEngine(storage, CONFIG);
    expect(await words(engine, 'ferry')).toEqual(['c']);
    expect(quarantines).toMatchObject([{ segment: 0, records: 2 }]);
    // N, n and the mean length are those of what is left (J3).
    const alone = await openEngine(new MemoryStorage(), CONFIG);
    await clientOf(alone.engine).upsert([said('c', 'one more ferry')]);
    const score = async (of: CollectionEngine) =>
      (await of.query([{ text: 'ferry', keyword: {} }], callOptions()))[0]!.keywordScores;
    expect(await score(engine)).toEqual(await score(alone.engine));
  },
);
