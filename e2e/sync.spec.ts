import type { ChangeEvent } from 'nearshore';
import { percentile } from './support/percentile.js';
import {
  contents,
  type DeviceGlobals,
  exchange,
  expect,
  openSynced,
  statusOf,
  syncNow,
  test,
  write,
} from './support/sync-test.js';

test("Y5 E10: what one device writes another has, as a change of origin 'sync'; deletes stay deleted; no device can go over to another embedder", async ({
  addDevice,
}) => {
  const [one, two] = [await addDevice(), await addDevice()];
  await two.page.evaluate(() => {
    const { notes } = globalThis as never as DeviceGlobals;
    const events: string[] = [];
    // Shard by shard: those of one write may come in several commits.
    notes.on('change', ({ kind, origin, ids }) => events.push(...ids.map((id) => `${origin} ${kind} ${id}`)));
    Object.assign(globalThis, { events });
  });
  const events = () =>
    two.page.evaluate(() => (globalThis as never as { events: string[] }).events.toSorted());
  await write(one.page, { a: 'one', b: 'two' });
  await expect.poll(events).toEqual(['sync upsert a', 'sync upsert b']);
  expect(await contents(two.page)).toEqual({ a: 'one', b: 'two' });
  const [match] = await two.page.evaluate(
    async () =>
      (await (globalThis as never as DeviceGlobals).notes.query({ vector: [1, 1], topK: 1 })).matches,
  );
  expect(match).toMatchObject({ id: 'b', metadata: { title: 'two' } });

  await two.page.evaluate(() => (globalThis as never as DeviceGlobals).notes.delete({ ids: ['a'] }));
  await expect.poll(() => contents(one.page)).toEqual({ b: 'two' });
  expect(await exchange(one, two)).toEqual(Array(3).fill('resolved'));
  expect([await contents(one.page), await contents(two.page)]).toEqual([{ b: 'two' }, { b: 'two' }]);

  const refused = await one.page.evaluate(() => {
    const { notes } = globalThis as never as DeviceGlobals;
    const embed = () => {
      throw new Error('Nothing is embedded.');
    };
    return helpers.rejection(notes.reembed({ id: 'other', dimension: 2, embed }));
  });
  expect(refused).toMatchObject({ code: 'CONFIG_MISMATCH', message: expect.stringContaining('synced') });
});

test('Y12: replicated() resolves once the server has it, for every kind of write', async ({ addDevice }) => {
  const [one, two] = [await addDevice(), await addDevice({ live: false })];
  const codes = await one.page.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    const writes = [
      await notes.upsert([{ id: 'a', vector: [1, 1], metadata: { title: 'a' } }]),
      await notes.insert({ ids: ['b', 'c', 'd'], vectors: new Float32Array([1, 2, 1, 3, 1, 4]) }),
      await notes.setMetadata([{ id: 'b', metadata: { title: 'b' } }]),
      await notes.delete({ ids: ['c'] }),
      await notes.delete({ filter: { title: { $exists: false } } }),
      await notes.upsert([]),
    ];
    return Promise.all(writes.map((written) => helpers.codeOf(written.replicated())));
  });
  expect(codes).toEqual(Array(6).fill('resolved'));
  expect(await syncNow(two.page)).toBe('resolved');
  expect(await contents(two.page)).toEqual({ a: 'a', b: 'b' });
});

test('Y12: replicated() of a write that has lost is SYNC_REJECTED, also where it is asked afterwards; without a sync it says what to do', async ({
  addDevice,
}) => {
  const [one, two] = [await addDevice({ live: false }), await addDevice({ live: false })];
  const writes = [];
  for (const { page } of [one, two]) {
    const written = await page.evaluateHandle(async () =>
      (globalThis as never as DeviceGlobals).notes.upsert([{ id: 'a', vector: [1, 1] }]),
    );
    writes.push(written);
  }
  // The later one first: what comes to the server then is too old.
  expect([await syncNow(two.page), await syncNow(one.page)]).toEqual(['resolved', 'resolved']);
  const codes = await Promise.all(
    writes.map((written) => written.evaluate((each) => helpers.codeOf(each.replicated()))),
  );
  expect(codes).toEqual(['SYNC_REJECTED', 'resolved']);

  const aborted = await one.page.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    const written = await notes.upsert([{ id: 'b', vector: [1, 1] }]);
    const ending = new AbortController();
    const waiting = helpers.codeOf(written.replicated({ signal: ending.signal }));
    ending.abort();
    return waiting;
  });
  expect(aborted).toBe('ABORTED');

  const refused = await two.page.evaluate(async () => {
    const { notes, sync } = globalThis as never as DeviceGlobals;
    const written = await notes.upsert([{ id: 'c', vector: [1, 1] }]);
    const waiting = helpers.codeOf(written.replicated());
    await sync.stop();
    return [await waiting, await helpers.rejection(written.replicated())] as const;
  });
  expect(refused[0]).toBe('CLOSED');
  expect(refused[1]).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(refused[1].message).toContain('collection.sync()');
});

test('Y2: with the server away reads and writes go on; what was written is there once it is back', async ({
  addDevice,
}) => {
  const [one, two] = [await addDevice(), await addDevice({ live: false })];
  await write(one.page, { a: '1' });
  expect(await syncNow(one.page)).toBe('resolved');
  one.proxy.cut();
  await write(one.page, { b: '2' });
  expect(await contents(one.page)).toEqual({ a: '1', b: '2' });
  expect(await syncNow(one.page)).toBe('SERVER_UNAVAILABLE');
  // Each try in between is 'syncing'.
  await expect
    .poll(() => statusOf(one.page))
    .toMatchObject({ state: 'offline', pending: 1, error: 'SERVER_UNAVAILABLE' });
  expect(
    await one.page.evaluate(
      async () => (await (globalThis as never as DeviceGlobals).store.status()).unsynced,
    ),
  ).toBe(1);
  one.proxy.mend();
  // By itself, after its backoff.
  await expect.poll(() => statusOf(one.page)).toMatchObject({ state: 'idle', pending: 0, error: undefined });
  expect(await syncNow(two.page)).toBe('resolved');
  expect(await contents(two.page)).toEqual({ a: '1', b: '2' });
});

test('Y1: under compare-and-set two edits made apart are merged by onConflict, on both devices', async ({
  addDevice,
}) => {
  const options = { live: false, conflict: 'compare-and-set' } as const;
  const [one, two] = [await addDevice(options), await addDevice(options)];
  await write(one.page, { a: 'old', b: 'old' });
  expect(await exchange(one, two)).toEqual(Array(3).fill('resolved'));
  await write(one.page, { a: 'left', b: 'left' });
  await write(two.page, { a: 'right' });
  expect(await exchange(one, two)).toEqual(Array(3).fill('resolved'));
  const merged = { a: 'left+right', b: 'left' };
  expect([await contents(one.page), await contents(two.page)]).toEqual([merged, merged]);
  const refused = await one.page.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    return helpers.codeOf((async () => notes.sync())());
  });
  expect(refused).toBe('INVALID_ARGUMENT');
});

test('Y10: of two tabs one syncs; now() in the other asks it; where it is closed the other goes on', async ({
  addDevice,
  storeName,
}) => {
  const [device, other] = [await addDevice(), await addDevice({ live: false })];
  const { context, page: first, proxy } = device;
  await first.waitForFunction(() => (globalThis as never as DeviceGlobals).sync.status().state === 'idle');
  const second = await context.newPage();
  await openSynced(second, storeName, proxy.url);
  const counts = () =>
    Promise.all(
      [first, second].map((page) =>
        page.evaluate(async () => {
          const { push, pull } = await (globalThis as never as DeviceGlobals).store.metrics();
          return push.count + pull.count;
        }),
      ),
    );
  await write(second, { a: 'from the second' });
  expect(await syncNow(second)).toBe('resolved');
  const [inFirst, inSecond] = await counts();
  expect(inFirst).toBeGreaterThan(0);
  expect(inSecond).toBe(0);
  expect((await statusOf(second)).lastSyncedAt).toBeGreaterThan(0);

  await first.close();
  await write(second, { b: 'alone' });
  const code = await second.evaluate(async () => {
    const { notes } = globalThis as never as DeviceGlobals;
    return helpers.codeOf(
      (await notes.upsert([{ id: 'c', vector: [1, 1], metadata: { title: 'c' } }])).replicated(),
    );
  });
  expect(code).toBe('resolved');
  expect(await syncNow(other.page)).toBe('resolved');
  expect(await contents(other.page)).toEqual({ a: 'from the second', b: 'alone', c: 'c' });
});

test('Y10 L3: a sync goes on in the worker that replaces a lost one', async ({ addDevice }) => {
  const [one, two] = [await addDevice(), await addDevice({ live: false })];
  await write(one.page, { a: '1' });
  expect(await syncNow(one.page)).toBe('resolved');
  one.proxy.cut();
  await write(one.page, { b: '2' });
  const restarts = await one.page.evaluate(async () => {
    helpers.workers.at(-1)!.terminate();
    const { store } = globalThis as never as DeviceGlobals;
    await new Promise<void>((resolve) => store.on('worker-lost', () => resolve()));
    return 1;
  });
  expect(restarts).toBe(1);
  one.proxy.mend();
  await expect.poll(() => statusOf(one.page)).toMatchObject({ state: 'idle', pending: 0 });
  expect(await syncNow(two.page)).toBe('resolved');
  expect(await contents(two.page)).toEqual({ a: '1', b: '2' });
});

test('Y10: a sync that was stopped begins anew at once; a store that syncs can be closed, opened and destroyed', async ({
  addDevice,
  storeName,
}) => {
  const { page, proxy } = await addDevice();
  await write(page, { a: '1' });
  const seen = await page.evaluate(
    async ([name, url]) => {
      const { store, notes, sync } = globalThis as never as DeviceGlobals;
      const stopping = sync.stop();
      const again = notes.sync();
      const anew = await helpers.codeOf(again.now());
      await stopping;
      await store.close();
      const states = [sync.status().state, again.status().state];

      const opened = await nearshore.openStore(name, { backend: 'js', remote: { url } });
      const reopened = await opened.collection('notes');
      const third = reopened.sync();
      const code = await helpers.codeOf(third.now());
      await opened.destroy();
      const databases = (await indexedDB.databases()).map((database) => database.name);
      return { anew, states, code, databases, closed: await helpers.codeOf(third.now()) };
    },
    [storeName, proxy.url] as const,
  );
  expect(seen).toEqual({
    anew: 'resolved',
    states: ['stopped', 'stopped'],
    code: 'resolved',
    databases: [],
    closed: 'CLOSED',
  });
});

test('Y12: a change is in another browser soon; measured from commit to event', async ({ addDevice }) => {
  const [one, two] = [await addDevice(), await addDevice()];
  const writes = 40;
  await two.page.evaluate(() => {
    const { notes } = globalThis as never as DeviceGlobals;
    const seen: Record<string, number> = {};
    notes.on('change', ({ ids }: ChangeEvent) => {
      for (const id of ids) seen[id] = performance.timeOrigin + performance.now();
    });
    Object.assign(globalThis, { seen });
  });
  const seen = () => two.page.evaluate(() => (globalThis as never as { seen: Record<string, number> }).seen);
  const after: number[] = [];
  for (let i = 0; i < writes; i++) {
    const done = await one.page.evaluate(async (id) => {
      await (globalThis as never as DeviceGlobals).notes.upsert([{ id, vector: [1, 2] }]);
      return performance.timeOrigin + performance.now();
    }, `r${i}`);
    await expect.poll(async () => (await seen())[`r${i}`], { intervals: [5, 10, 20] }).toBeDefined();
    after.push((await seen())[`r${i}`]! - done);
  }
  const [p50, p95] = [percentile(after, 0.5), percentile(after, 0.95)];
  console.log(
    `Y12: a commit is in another browser after p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms (bound 500)`,
  );
  expect(p95).toBeLessThan(5_000);
});

test('Y11: options are checked before anything begins, with what to do', async ({ addDevice }) => {
  const { page } = await addDevice();
  const codes = await page.evaluate(async () => {
    const { notes, store } = globalThis as never as DeviceGlobals;
    const begin = (options: unknown) => helpers.codeOf((async () => notes.sync(options as object))());
    const open = (remote: unknown) =>
      helpers.codeOf(nearshore.openStore('other', { storage: 'memory', remote: remote as { url: string } }));
    const alone = await (await nearshore.openStore('alone', { storage: 'memory' })).collection('c', {
      dimension: 2,
    });
    return {
      refused: await Promise.all([
        begin({ live: 'yes' }),
        begin({ url: 'ftp://example.org' }),
        begin({ url: [] }),
        begin({ getToken: 'secret' }),
        begin({ onConflict: {} }),
        begin({ every: 5 }),
        helpers.codeOf((async () => alone.sync())()),
        helpers.codeOf((async () => notes.sync().on('change' as 'status', () => {}))()),
        open({}),
        open({ url: 'http://127.0.0.1:1', token: 'x' }),
        open('http://127.0.0.1:1'),
      ]),
      other: await begin({ url: 'http://127.0.0.1:1' }),
      otherStore: await helpers.codeOf(
        nearshore.openStore(store.name, { backend: 'js', remote: { url: 'http://127.0.0.1:1' } }),
      ),
    };
  });
  expect(codes.refused).toEqual(Array(11).fill('INVALID_ARGUMENT'));
  expect([codes.other, codes.otherStore]).toEqual(['CONFIG_MISMATCH', 'CONFIG_MISMATCH']);
});
