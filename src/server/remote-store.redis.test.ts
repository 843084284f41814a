import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VectorStore } from '../client/store.js';
import type { ChangeEvent, CollectionOptions } from '../shared/types.js';
import { openHere } from '../worker/page-here.contract.js';
import { storeContract } from '../worker/store.contract.js';
import { startServer, type TestServer, tokenOf } from './test-server.contract.js';

let server: TestServer;
let n = 0;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
afterEach(() => vi.unstubAllGlobals());

const opened: VectorStore[] = [];

async function openRemote(
  name = `st${n++}`,
  getToken: () => string | Promise<string> = () => tokenOf(),
  urls = [server.url],
): Promise<VectorStore> {
  const store = await openHere({ name, storage: 'remote' }, { urls, getToken });
  opened.push(store);
  return store;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

async function openNotes(
  options: CollectionOptions = { dimension: 2 },
  ...from: Parameters<typeof openRemote>
) {
  const store = await openRemote(...from);
  return { store, notes: await store.collection<{ n: number }>('notes', options) };
}

describe('O7 the rules of calls', () => storeContract(() => openRemote()));

type Fate = 'lost' | 'unsent' | undefined;

/** What a browser sees of requests: the answer to some is lost after the server has done them. */
function stubFetch(fate: (path: string, url: URL) => Fate | Promise<Fate>) {
  const real = fetch;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const what = await fate(new URL(url).pathname.split('/').at(-1)!, new URL(url));
    if (what === 'unsent') throw new TypeError('fetch failed');
    const response = await real(url, init);
    if (what === undefined) return response;
    await response.arrayBuffer();
    throw new TypeError('fetch failed');
  });
}

/** The answer to the next write is lost, and nothing writes again before `between` has. */
function loseNextWrite(between: () => Promise<unknown>): URL[] {
  const asked: URL[] = [];
  let isBetween = false;
  stubFetch(async (path, url) => {
    if (path !== 'write' || isBetween) return undefined;
    asked.push(url);
    if (asked.length === 1) return 'lost';
    isBetween = true;
    if (asked.length === 2) await between();
    isBetween = false;
    return undefined;
  });
  return asked;
}

describe('O8 writes', () => {
  const written = [{ id: 'a', vector: [1, 0], metadata: { n: 1 } }];
  const after = [{ id: 'a', vector: [1, 0], metadata: { n: 2 } }];

  it('whose answer was lost have one effect: what has come after them stays', async () => {
    const { store, notes } = await openNotes();
    const other = (await openNotes(undefined, store.name)).notes;
    const asked = loseNextWrite(async () => {
      expect(await other.count({ n: 1 })).toBe(1);
      await other.upsert(after);
    });
    expect(await notes.upsert(written)).toMatchObject({ count: 1 });
    expect(asked).toHaveLength(2);
    expect(await notes.get(['a'])).toEqual([{ id: 'a', metadata: { n: 2 } }]);
  });

  it('whose answer was lost have one effect where the next server gets them', async () => {
    const { host, port } = new URL(server.url);
    const urls = [server.url, `http://localhost:${port}`];
    const { store, notes } = await openNotes(undefined, undefined, undefined, urls);
    const other = (await openNotes(undefined, store.name)).notes;
    const asked = loseNextWrite(() => other.upsert(after));
    expect(await notes.upsert(written)).toMatchObject({ count: 1 });
    expect(new Set(asked.map((url) => url.host))).toEqual(new Set([host, `localhost:${port}`]));
    expect(await notes.get(['a'])).toEqual([{ id: 'a', metadata: { n: 2 } }]);
  });

  it('that insert, and whose answer was lost: repeated, or unknown where another write came in between', async () => {
    const { store, notes } = await openNotes();
    const other = (await openNotes(undefined, store.name)).notes;
    loseNextWrite(async () => undefined);
    expect(await notes.insert([{ ...written[0]!, id: 'b' }])).toMatchObject({ count: 1 });
    vi.unstubAllGlobals();
    loseNextWrite(() => other.upsert(after));
    await expect(notes.insert(written)).rejects.toMatchObject({ code: 'DUPLICATE_ID', outcome: 'unknown' });
    expect(await notes.get(['a'])).toEqual([{ id: 'a', metadata: { n: 2 } }]);
  });

  it('that are made anew by the page have one effect each', async () => {
    const { notes } = await openNotes();
    stubFetch((path) => (path === 'write' ? 'unsent' : undefined));
    const record = { id: 'a', vector: [1, 0] };
    await expect(notes.upsert([record])).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      outcome: 'unknown',
      problems: [{ position: 0, id: 'a' }],
    });
    vi.unstubAllGlobals();
    expect(await notes.count()).toBe(0);
    await notes.upsert([record]);
    expect(await notes.count()).toBe(1);
  });

  it('that end early tell what was applied', async () => {
    const { notes } = await openNotes();
    const changes: ChangeEvent[] = [];
    notes.on('change', (change) => changes.push(change));
    let writes = 0;
    stubFetch((path) => (path === 'write' && writes++ >= 1 ? 'unsent' : undefined));
    const ids = Array.from({ length: 700 }, (_, i) => `id ${i}`);
    const batch = { ids, vectors: new Float32Array(1_400).fill(1) };
    const error = await notes.upsert(batch).catch((failure) => failure);
    expect(error).toMatchObject({ code: 'SERVER_UNAVAILABLE', outcome: 'unknown', problemCount: 200 });
    expect(error.applied).toEqual(ids.slice(0, 500));
    expect(error.problems[0]).toMatchObject({ position: 500, id: 'id 500' });
    expect(changes.filter(({ origin }) => origin === 'local')).toMatchObject([
      { kind: 'upsert', count: 500 },
    ]);
    vi.unstubAllGlobals();
    expect(await notes.count()).toBe(500);
    expect((await notes.upsert(batch)).count).toBe(700);
    expect(await notes.count()).toBe(700);
  });

  it('are stamped by the server’s clock, however wrong this one is', async () => {
    const { notes } = await openNotes();
    await notes.upsert([{ id: 'a', vector: [1, 0], metadata: { n: 1 } }]);
    for (const hours of [-30, 30]) {
      const wrong = Date.now() + hours * 3_600_000;
      const clock = vi.spyOn(Date, 'now').mockReturnValue(wrong);
      const late = (await openNotes(undefined, `st${n - 1}`)).notes;
      await late.upsert([{ id: 'a', vector: [1, 0], metadata: { n: hours } }]);
      expect(await late.count({ n: hours })).toBe(1);
      clock.mockRestore();
      await notes.upsert([{ id: 'a', vector: [1, 0], metadata: { n: 2 } }]);
      expect(await notes.count({ n: 2 })).toBe(1);
      n++;
    }
  });

  it('a clock that is put forward meanwhile is corrected', async () => {
    const { notes } = await openNotes();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);
    await notes.upsert([{ id: 'a', vector: [1, 0] }]);
    clock.mockRestore();
    expect(await notes.count()).toBe(1);
  });

  it('aborted between two requests tell what stays', async () => {
    const { notes } = await openNotes();
    const controller = new AbortController();
    const ids = Array.from({ length: 1_200 }, (_, i) => `id ${i}`);
    const batch = { ids, vectors: new Float32Array(2_400).fill(1) };
    let writes = 0;
    stubFetch((path) => {
      if (path === 'write' && ++writes === 2) controller.abort('enough');
      return undefined;
    });
    const error = await notes.upsert(batch, { signal: controller.signal }).catch((failure) => failure);
    expect(error).toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    expect(error.applied).toEqual(ids.slice(0, 500));
    vi.unstubAllGlobals();
    expect(await notes.count()).toBeLessThanOrEqual(1_000);
  });

  it('a record that no request has room for refuses the batch before anything is sent', async () => {
    const { notes } = await openNotes();
    const text = 'x'.repeat(8 << 20);
    const records = [
      { id: 'a', vector: [1, 0] },
      { id: 'b', vector: [1, 0], text },
    ];
    await expect(notes.upsert(records)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      problems: [{ position: 1, id: 'b' }],
    });
    expect(await notes.count()).toBe(0);
  });
});

it('O8 several servers: where one fails, the next one answers, and a write has one effect', async () => {
  const name = `st${n++}`;
  const gone = 'http://127.0.0.1:1';
  const { notes } = await openNotes(undefined, name, undefined, [gone, server.url]);
  for (let i = 0; i < 4; i++) await notes.upsert([{ id: `${i}`, vector: [1, i] }]);
  expect(await notes.count()).toBe(4);
});

it('Y11 O7 a token is asked for again once a server refuses it; a refused one is UNAUTHORIZED', async () => {
  const tokens = ['no-token', await tokenOf(), 'neither'];
  const asked = vi.fn(() => tokens.shift() ?? 'none');
  const { notes } = await openNotes(undefined, undefined, asked);
  expect(asked).toHaveBeenCalledTimes(2);
  expect(await notes.count()).toBe(0);
  const refused = await openRemote(undefined, () => 'none');
  await expect(refused.collection('notes', { dimension: 2 })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  const reader = await openNotes(undefined, `st${n - 2}`, () => tokenOf({ access: 'read' }));
  expect(await reader.notes.count()).toBe(0);
  await expect(reader.notes.upsert([{ id: 'a', vector: [1, 0] }])).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
  });
});

it('O7 where no server answers, every call says so', async () => {
  const { store, notes } = await openNotes();
  stubFetch(() => 'unsent');
  const calls = [
    notes.get(['a']),
    notes.count(),
    notes.list(),
    notes.query({ vector: [1, 0] }),
    notes.delete({ filter: {} }),
    notes.stats(),
    store.listCollections(),
    store.status(),
    store.dropCollection('notes'),
  ];
  for (const end of await Promise.allSettled(calls))
    expect(end).toMatchObject({ status: 'rejected', reason: { code: 'SERVER_UNAVAILABLE' } });
});

it('O7 a read that no server answers is tried once more', async () => {
  const { notes } = await openNotes();
  await notes.upsert([{ id: 'a', vector: [1, 0] }]);
  const failed = new Set<string>();
  stubFetch((path) => {
    if (failed.has(path)) return undefined;
    failed.add(path);
    return 'unsent';
  });
  const [found, record, page, count] = await Promise.all([
    notes.query({ vector: [1, 0] }),
    notes.get(['a']),
    notes.list(),
    notes.count(),
  ]);
  expect(found.matches).toHaveLength(1);
  expect([record, page.records, count]).toEqual([[{ id: 'a' }], [{ id: 'a' }], 1]);
  expect(failed).toEqual(new Set(['query', 'get', 'list', 'count']));
});

it('C4 O7 a collection that another device has dropped, or made anew, is CLOSED', async () => {
  const { store, notes } = await openNotes();
  const other = await openRemote(store.name);
  await other.dropCollection('notes');
  await expect(notes.count()).rejects.toMatchObject({ code: 'CLOSED' });
  const anew = await other.collection('notes', { dimension: 2 });
  await expect(notes.upsert([{ id: 'a', vector: [1, 0] }])).rejects.toMatchObject({ code: 'CLOSED' });
  expect(await anew.count()).toBe(0);
});

it('O9 a write is replicated when it resolves; matches come from the server, and the receipt says how', async () => {
  const { notes } = await openNotes();
  const written = await notes.upsert([{ id: 'a', vector: [1, 0] }]);
  expect(written).toMatchObject({ count: 1, generation: 0 });
  await written.replicated();
  const { matches, receipt } = await notes.query({ vector: [1, 0] });
  expect(matches).toMatchObject([{ id: 'a', origin: 'remote' }]);
  expect(receipt).toMatchObject({
    generation: 0,
    server: { engine: 'exact', shards: { asked: 16, answered: 16 } },
  });
});

it('O10 what others write is told while somebody listens', async () => {
  const { store, notes } = await openNotes();
  const other = (await openNotes(undefined, store.name)).notes;
  const changes: ChangeEvent[] = [];
  const off = notes.on('change', (change) => changes.push(change));
  // Until the stream is open nothing is hinted of.
  let i = 0;
  await vi.waitUntil(
    async () => {
      await other.upsert([{ id: `${i++}`, vector: [1, 0] }]);
      return changes.length > 0;
    },
    { timeout: 20_000 },
  );
  expect(changes[0]).toEqual({
    collection: 'notes',
    kind: 'unknown',
    ids: [],
    count: 0,
    generation: 0,
    origin: 'sync',
  });
  off();
});

it('O11 what has nothing here to act on is refused', async () => {
  const { store, notes } = await openNotes();
  const refused = { code: 'INVALID_ARGUMENT' };
  expect(() => notes.sync()).toThrow(expect.objectContaining(refused));
  await expect(notes.query({ vector: [1, 0], scope: 'local' })).rejects.toMatchObject(refused);
  for (const ranking of [{ keyword: {} }, { hybrid: {} }, { groupBy: 'n' }, { diversity: 0.5 }] as const) {
    const query = 'keyword' in ranking || 'hybrid' in ranking ? { text: 'a' } : { vector: [1, 0] };
    await expect(notes.query({ ...query, ...ranking } as never)).rejects.toMatchObject(refused);
  }
  await expect(store.collection('bounded', { dimension: 2, maxRecords: 5 })).rejects.toMatchObject(refused);
  const other = { id: 'other', dimension: 2, embed: () => [] };
  await expect(notes.reembed(other)).rejects.toMatchObject(refused);
  await expect(store.exportBlob()).rejects.toMatchObject(refused);
  await expect(store.import(new Blob(['x']))).rejects.toMatchObject(refused);
  expect(await store.status()).toMatchObject({ storage: 'remote', unsynced: 0, usage: { ownBytes: 0 } });
  expect(await notes.stats()).toMatchObject({ records: 0, diskBytes: 0, memoryBytes: 0 });
});
