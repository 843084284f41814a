import type { Page } from '@playwright/test';
import { uniform } from '../../src/worker/index/random.js';
import {
  contents,
  type Device,
  type DeviceGlobals,
  exchange,
  expect,
  syncNow,
  test,
  write,
} from '../support/sync-test.js';
import { size, TIMEOUT } from './support/sizes.js';

test.setTimeout(2 * TIMEOUT);

type Contents = Record<string, string>;

/**
 * One edit, in a millisecond later than `after`; resolves to that in which it had ended. A title of '' deletes.
 *
 * @param offset what is added to the device's clock, which follows the server's within a second or so
 */
function edit(page: Page, id: string, title: string, after: number, offset: number): Promise<number> {
  return page.evaluate(
    async ([id, title, after, offset]) => {
      const { notes } = globalThis as never as DeviceGlobals;
      while (Date.now() + offset <= after);
      if (title === '') await notes.delete({ ids: [id] });
      else await notes.upsert([{ id, vector: [1, title.length], metadata: { title } }]);
      return Date.now() + offset;
    },
    [id, title, after, offset] as const,
  );
}

/** As it is stored; 0 before the first contact. */
function clockOffset(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { store } = globalThis as never as DeviceGlobals;
    const request = <T>(asked: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    const database = await request(indexedDB.open(`nearshore:${store.name}`));
    const row = await request(database.transaction('collections').objectStore('collections').get('notes'));
    database.close();
    return (row as { sync?: { clockOffsetMs: number } }).sync?.clockOffsetMs ?? 0;
  });
}

test('Y1 Y5: two devices edit the same records offline; once both are back, both have the later write of each', async ({
  addDevice,
}) => {
  const rounds = size(40, 8);
  const seed = Date.now();
  const next = uniform(seed);
  const devices = [await addDevice({ live: false }), await addDevice({ live: false })];
  // From the first contact on their clocks are the server's.
  expect(await exchange(...devices)).toEqual(Array(3).fill('resolved'));
  let shared: Contents = {};
  let [both, deletes, time] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    for (const { proxy } of devices) proxy.cut();
    const views = devices.map(() => ({ ...shared }));
    const offsets = await Promise.all(devices.map(({ page }) => clockOffset(page)));
    const winners = new Map<string, string>();
    const editors = new Map<string, Set<number>>();
    for (let step = 0; step < 12; step++) {
      const which = Math.floor(next() * 2);
      const id = `n${Math.floor(next() * 5)}`;
      const isDelete = next() < 0.3;
      // A delete of nothing is no write.
      if (isDelete && views[which]![id] === undefined) continue;
      const title = isDelete ? '' : `${round}.${step} of ${which}`;
      time = await edit(devices[which]!.page, id, title, time, offsets[which]!);
      if (isDelete) delete views[which]![id];
      else views[which]![id] = title;
      winners.set(id, title);
      editors.set(id, (editors.get(id) ?? new Set()).add(which));
    }
    for (const [id, title] of winners) {
      if (title === '') {
        delete shared[id];
        deletes++;
      } else shared = { ...shared, [id]: title };
    }
    both += [...editors.values()].filter((who) => who.size === 2).length;
    expect(await Promise.all(devices.map(({ page }) => contents(page)))).toEqual(views);
    for (const { proxy } of devices) proxy.mend();
    const order = next() < 0.5 ? devices : devices.toReversed();
    expect(await exchange(...order)).toEqual(Array(3).fill('resolved'));
    const found = await Promise.all(devices.map(({ page }) => contents(page)));
    expect(found, `round ${round}, seed ${seed}`).toEqual([shared, shared]);
  }
  console.log(
    `Y1: ${rounds} rounds, ${both} records edited on both devices, ${deletes} deletes won (seed ${seed})`,
  );
  expect(both).toBeGreaterThan(rounds);
  expect(deletes).toBeGreaterThan(0);
});

test('Y4 Y5: the server is killed in the middle of pushes and pulls; nothing is lost or doubled', async ({
  addDevice,
  syncServer,
}) => {
  const rounds = size(100, 8);
  const seed = Date.now();
  const next = uniform(seed);
  const devices = [await addDevice({ live: false }), await addDevice({ live: false })] as const;
  const [writer, reader] = devices;
  let wanted: Contents = {};
  const cut = { push: 0, pull: 0 };
  for (let round = 0; round < rounds; round++) {
    const what = round % 2 === 0 ? 'push' : 'pull';
    const count = 20 + Math.floor(next() * 180);
    const titles = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`r${Math.floor(next() * 400)}`, `${round}.${i}`]),
    );
    await write(writer.page, titles);
    wanted = { ...wanted, ...titles };
    if (what === 'pull') expect(await syncNow(writer.page)).toBe('resolved');
    const struck = what === 'push' ? writer : reader;
    // Before, within and after the request; of answers to a push, which are short, the beginning.
    const direction = what === 'push' && next() < 0.7 ? 'up' : 'down';
    const bytes = 1 + Math.floor(next() * (direction === 'down' && what === 'push' ? 3_000 : 120 * count));
    const code = await killAt(struck, direction, bytes, syncServer);
    if (code === 'SERVER_UNAVAILABLE') cut[what]++;
    else expect(code, `round ${round}, seed ${seed}`).toBe('resolved');
    await syncServer.restart();
    expect(await exchange(...devices), `round ${round}, seed ${seed}`).toEqual(Array(3).fill('resolved'));
    const found = await Promise.all(devices.map(({ page }) => contents(page)));
    expect(found, `round ${round}, seed ${seed}`).toEqual([wanted, wanted]);
  }
  console.log(`Y4: ${rounds} kills, of which ${cut.push} broke a push and ${cut.pull} a pull (seed ${seed})`);
  expect(cut.push).toBeGreaterThan(rounds / 8);
  expect(cut.pull).toBeGreaterThan(rounds / 8);
});

/** Syncs, and kills the server where so many bytes have gone; the code that the sync has ended with. */
async function killAt(
  { page, proxy }: Device,
  direction: 'up' | 'down',
  bytes: number,
  server: { kill(): Promise<void> },
): Promise<string> {
  const reached = proxy.after(direction, bytes);
  const code = syncNow(page);
  const held = await Promise.race([reached, code.then(() => undefined)]);
  await server.kill();
  held?.go();
  return code;
}

test('Y8: where the log was truncated below the cursor of a device, it is reset, and what it had not pushed survives', async ({
  addDevice,
  redis,
  storeName,
  syncServer,
}) => {
  const rounds = size(20, 2);
  // Tombstones of this collection live for a second.
  const path = `${syncServer.url}/v1/stores/${storeName}/collections/notes`;
  const config = { dimension: 2, metric: 'cosine', conflict: 'last-writer-wins' };
  const request = { protocol: 1, config, shards: 2, tombstoneLifeMs: 1_000 };
  const headers = { 'Content-Type': 'application/json' };
  const created = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(request) });
  expect(created.status).toBe(200);

  const [stayed, away] = [await addDevice({ live: false }), await addDevice({ live: false })];
  await away.page.evaluate(() => {
    const { sync } = globalThis as never as DeviceGlobals;
    const seen = { resets: 0, healing: 0 };
    sync.on('status', ({ checkpoint: { healing = 0 } = {} }) => {
      if (healing > seen.healing) seen.resets++;
      seen.healing = healing;
    });
    Object.assign(globalThis, { seen });
  });
  const resets = () =>
    away.page.evaluate(() => (globalThis as never as { seen: { resets: number } }).seen.resets);
  let wanted: Contents = {};
  for (let round = 0; round < rounds; round++) {
    const kept = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`k${round}.${i}`, 'kept']));
    const dropped = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`d${round}.${i}`, 'dropped']));
    await write(stayed.page, { ...kept, ...dropped });
    expect(await exchange(stayed, away)).toEqual(Array(3).fill('resolved'));
    const [before, floors] = [await resets(), await floorsOf(redis.cli, storeName)];

    away.proxy.cut();
    const edits = { [`k${round}.0`]: 'edited', [`new${round}`]: 'created' };
    await write(away.page, { ...edits, [`d${round}.0`]: 'edited too late' });
    await stayed.page.evaluate(
      (ids) => (globalThis as never as DeviceGlobals).notes.delete({ ids }),
      Object.keys(dropped),
    );
    // Until no tombstone is left: the server collects them while the collection is used.
    await expect
      .poll(async () => {
        await write(stayed.page, { used: String(Math.random()) });
        expect(await syncNow(stayed.page)).toBe('resolved');
        const now = await floorsOf(redis.cli, storeName);
        return [...now].every(([key, floor]) => floor > (floors.get(key) ?? 0));
      })
      .toBe(true);

    away.proxy.mend();
    expect(await exchange(away, stayed)).toEqual(Array(3).fill('resolved'));
    wanted = { ...wanted, ...kept, ...edits, used: (await contents(stayed.page)).used! };
    const found = await Promise.all([stayed, away].map(({ page }) => contents(page)));
    expect(found, `round ${round}`).toEqual([wanted, wanted]);
    expect(await resets(), `round ${round}`).toBeGreaterThan(before);
  }
});

/** Below which history is incomplete, by the key of each shard. */
async function floorsOf(
  cli: (...command: string[]) => Promise<string>,
  storeName: string,
): Promise<Map<string, number>> {
  const keys = (await cli('KEYS', `*${storeName}*:m`)).split('\n').filter((key) => key !== '');
  const floors = await Promise.all(keys.map(async (key) => Number(await cli('HGET', key, 'floor'))));
  return new Map(keys.map((key, i) => [key, floors[i]!]));
}
