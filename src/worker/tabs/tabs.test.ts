import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChangeEvent } from '../../shared/types.js';
import type { CollectionEngine } from '../collection/collection-engine.js';
import { CONFIG, clientOf, record } from '../collection/engine.contract.js';
import { buildingName } from '../storage/building.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { collectionWith, inPlaceOf } from '../storage/replace-collection.contract.js';
import type { Storage } from '../storage/storage.js';
import { type Hub, hub, openTab } from './tabs.contract.js';

// Tabs of one store: engines with a memory of their own on one storage, which is what is on disk.

let storage: Storage;
let channel: Hub;

beforeEach(() => {
  storage = new MemoryStorage();
  channel = hub();
});

async function openTwo() {
  return [await openTab(storage, channel.join()), await openTab(storage, channel.join())] as const;
}

const shown = (events: readonly ChangeEvent[]) =>
  events.map(({ kind, origin, generation, ids }) => `${origin} ${kind} ${generation} ${ids.join()}`.trim());

/** Without refreshing: what the tab knows by itself. */
const counted = async (engine: CollectionEngine) => (await engine.stats()).records;

/** Another collection is put in the place of the one that the tabs have, as `tab` does it. */
async function replaceBy(tab: Awaited<ReturnType<typeof openTab>>) {
  const old = (await storage.readCollection(CONFIG.name))!;
  const by = await collectionWith(storage, buildingName(CONFIG.name), 2);
  const next = inPlaceOf(old, by);
  await storage.replaceCollection({ old, by, next });
  tab.tabs.replaced(old, next);
}

describe('T1 a commit', () => {
  it('T1 is in the other tab once it is announced, and its event can be read there at once', async () => {
    const [one, two] = await openTwo();
    const read: Promise<number>[] = [];
    two.onEvent(() => read.push(counted(two.engine)));
    await one.client.upsert([record('a'), record('b')]);
    await one.client.setMetadata({ a: { n: 1 } });
    await one.client.deleteIds(['b']);
    await vi.waitFor(() => expect(two.events).toHaveLength(3));
    expect(shown(one.events)).toEqual(['local upsert 1 a,b', 'local upsert 2 a', 'local delete 3 b']);
    expect(shown(two.events)).toEqual(['tab upsert 1 a,b', 'tab upsert 2 a', 'tab delete 3 b']);
    expect((await Promise.all(read)).at(-1)).toBe(1);
    expect(await counted(two.engine)).toBe(1);
    expect((await two.client.get(['a']))[0]?.metadata).toEqual({ n: 1 });
  });

  it('T1 that is not announced is not seen by itself', async () => {
    const [one, two] = await openTwo();
    channel.deaf = true;
    await one.client.upsert([record('a')]);
    await channel.delivered();
    expect(await counted(two.engine)).toBe(0);
  });

  it('T1 many of them are caught up with together', async () => {
    const [one, two] = await openTwo();
    channel.hold();
    for (let i = 0; i < 30; i++) await one.client.upsert([record(`r${i}`)]);
    const reads = vi.spyOn(storage, 'readGeneration');
    channel.release();
    await vi.waitFor(() => expect(two.events).toHaveLength(30));
    // The first message begins alone.
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
    expect(await counted(two.engine)).toBe(30);
  });
});

describe('T2 events', () => {
  it('T2 of tabs that write at once are in every tab, once, in the order of generations', async () => {
    const [one, two] = await openTwo();
    const third = await openTab(storage, channel.join());
    const write = async (tab: typeof one, name: string) => {
      for (let i = 0; i < 40; i++) {
        const { generation } = await tab.client.upsert([record(`${name}${i}`)]);
        // C12: before its promise.
        expect(tab.events.some((event) => event.generation === generation)).toBe(true);
      }
    };
    await Promise.all([write(one, 'a'), write(two, 'b')]);
    for (const tab of [one, two, third]) {
      await vi.waitFor(() => expect(tab.events.length).toBeGreaterThanOrEqual(80));
    }
    const generations = Array.from({ length: 80 }, (_, i) => i + 1);
    for (const tab of [one, two, third]) {
      expect(tab.events.map(({ generation }) => generation)).toEqual(generations);
      expect(tab.events.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    }
    expect(third.events.every(({ origin }) => origin === 'tab')).toBe(true);
    expect(one.events.filter(({ origin }) => origin === 'local')).toHaveLength(40);
  });

  it("T2 that were missed are one of kind 'unknown', as soon as a later one is heard", async () => {
    const [one, two] = await openTwo();
    await one.client.upsert([record('a')]);
    await vi.waitFor(() => expect(two.events).toHaveLength(1));
    channel.deaf = true;
    await one.client.upsert([record('b')]);
    await one.client.upsert([record('c')]);
    await channel.delivered();
    channel.deaf = false;
    await one.client.upsert([record('d')]);
    await vi.waitFor(() => expect(two.events).toHaveLength(3));
    expect(shown(two.events)).toEqual(['tab upsert 1 a', 'tab unknown 3', 'tab upsert 4 d']);
    expect(await counted(two.engine)).toBe(4);
  });

  it("T2 that were missed are 'unknown' before an own write, too", async () => {
    const [one, two] = await openTwo();
    channel.deaf = true;
    await one.client.upsert([record('a')]);
    await channel.delivered();
    await two.client.upsert([record('b')]);
    expect(shown(two.events)).toEqual(['tab unknown 1', 'local upsert 2 b']);
    expect(await counted(two.engine)).toBe(2);
  });

  it('T2 of a merge there are none, and it is not taken for one that was missed', async () => {
    const [one, two] = await openTwo();
    for (const id of ['a', 'b', 'c']) await one.client.upsert([record(id)]);
    await one.optimize();
    await one.client.upsert([record('d')]);
    await vi.waitFor(() => expect(two.events).toHaveLength(4));
    expect(two.events.map(({ generation }) => generation)).toEqual([1, 2, 3, 5]);
    expect((await two.engine.stats()).segments).toBe(2);
  });

  it('T2 cross where the collection is not open, too', async () => {
    const one = await openTab(storage, channel.join());
    const closed = await openTab(storage, channel.join(), { isOpen: false });
    await one.client.upsert([record('a')]);
    await vi.waitFor(() => expect(shown(closed.events)).toEqual(['tab upsert 1 a']));
  });
});

describe('C4 what another tab drops', () => {
  it('C4 T2 is CLOSED here, after its events and with one of kind drop', async () => {
    const [one, two] = await openTwo();
    await one.client.upsert([record('a')]);
    await one.drop();
    await vi.waitFor(() => expect(two.dropped).toEqual([CONFIG.name]));
    expect(shown(two.events)).toEqual(['tab upsert 1 a', 'tab drop 2']);
    expect(shown(one.events)).toEqual(['local upsert 1 a', 'local drop 2']);
  });

  it('C4 T2 with the whole store is told', async () => {
    const [one, two] = await openTwo();
    await one.client.upsert([record('a')]);
    await storage.destroy();
    one.tabs.destroyed();
    await vi.waitFor(() => expect(two.isDestroyed()).toBe(true));
    expect(shown(two.events)).toEqual(['tab upsert 1 a', 'tab drop 2']);
  });
});

describe('T4 without announcements', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // Memory has no tabs; this one stands for a disk.
    Object.defineProperty(storage, 'kind', { value: 'indexeddb' });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("T4 a tab looks every second; what it finds is one event of kind 'unknown'", async () => {
    const one = await openTab(storage, undefined);
    const two = await openTab(storage, undefined);
    expect(two.tabs.status).toEqual({ locks: 'none', announcements: 'polling' });
    await one.client.upsert([record('a')]);
    await one.client.upsert([record('b')]);
    expect(two.events).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(shown(two.events)).toEqual(['tab unknown 2']);
    expect(await counted(two.engine)).toBe(2);
    const reads = vi.spyOn(storage, 'readGeneration');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(two.events).toHaveLength(1);
    expect(reads).not.toHaveBeenCalled();
    await two.client.upsert([record('c')]);
    expect(shown(two.events)).toEqual(['tab unknown 2', 'local upsert 3 c']);
    two.tabs.close();
    await one.client.upsert([record('d')]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(two.events).toHaveLength(2);
    one.tabs.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('T4 a read that fails is made again, and a collection that is gone is told', async () => {
    const one = await openTab(storage, undefined);
    const { readCollections } = storage;
    await storage.dropCollection(CONFIG.name);
    storage.readCollections = () => Promise.reject(new Error('not now'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.dropped).toEqual([]);
    storage.readCollections = readCollections;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(one.dropped).toEqual([CONFIG.name]);
    expect(shown(one.events)).toEqual(['tab drop 1']);
    one.tabs.close();
  });

  it('E11 T4 what another tab has embedded anew is told, and not taken for dropped', async () => {
    const one = await openTab(storage, undefined);
    const two = await openTab(storage, undefined);
    await replaceBy(two);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([one.replaced, one.dropped]).toEqual([[CONFIG.name], []]);
    expect(shown(one.events)).toEqual(['tab reembed 2']);
    expect(one.events[0]!.count).toBe(two.events[0]!.count);
    one.tabs.close();
    two.tabs.close();
  });
});

it('T4 a store in memory has no tabs', async () => {
  const { tabs } = await openTab(storage, undefined);
  expect(tabs.status).toEqual({ locks: 'none', announcements: 'none' });
});

it('T1 what comes while a tab closes is left alone', async () => {
  const [one, two] = await openTwo();
  await one.client.upsert([record('a')]);
  channel.hold();
  await one.client.upsert([record('b')]);
  const { readGeneration } = storage;
  let goOn = () => {};
  storage.readGeneration = async (name) => {
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return readGeneration.call(storage, name);
  };
  channel.release();
  await channel.delivered();
  two.close();
  goOn();
  storage.readGeneration = readGeneration;
  await channel.delivered();
  expect(two.events.filter(({ generation }) => generation === 2)).toEqual([]);
  await expect(clientOf(two.engine).upsert([record('c')])).rejects.toMatchObject({ code: 'CLOSED' });
});

describe('E11 what another tab embeds anew', () => {
  it('E11 T2 is told here, after its events, with one of kind reembed', async () => {
    const [one, two] = await openTwo();
    await one.client.upsert([record('a')]);
    await replaceBy(one);
    await vi.waitFor(() => expect(two.replaced).toEqual([CONFIG.name]));
    expect(shown(two.events)).toEqual(['tab upsert 1 a', 'tab reembed 2']);
    expect(shown(one.events)).toEqual(['local upsert 1 a', 'local reembed 2']);
    expect(two.dropped).toEqual([]);
  });
});
