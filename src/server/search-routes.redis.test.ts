import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { unpackFrame } from '../shared/sync/frame.js';
import type { Descriptor } from '../shared/sync/protocol.js';
import type { RemoteQuery, RemoteRecord, RemoteWrite } from '../shared/sync/remote.js';
import {
  remoteWrittenFrom,
  unpackRemoteAnswers,
  unpackRemoteFound,
  unpackRemotePage,
} from '../shared/sync/remote-answers.js';
import { packRemoteQueries, packRemoteWrite } from '../shared/sync/remote-requests.js';
import { createServer } from './create-server.js';
import { remoteAnswersHead, remoteFoundHead, remotePageHead, remoteWritten } from './remote-schemas.js';
import { check, type Schema } from './schemas.js';
import { compareFilters } from './search/random-filters.contract.js';
import {
  JWT_AUTH,
  stampAt,
  startServer,
  TestCaller,
  type TestServer,
  tokenOf,
} from './test-server.contract.js';

let server: TestServer;
let caller: TestCaller;
let descriptor: Descriptor;
let n = 0;

beforeAll(async () => {
  server = await startServer({ storedBytes: 1 << 30 });
});
afterAll(() => server.stop());
beforeEach(async () => {
  ({ caller, descriptor } = await openCollection());
});

async function openCollection(dimension = 4, metric = 'cosine') {
  const collection = new TestCaller(server.url, await tokenOf(), 'st', `search${n++}`);
  const config = { dimension, metric, conflict: 'last-writer-wins' };
  return { caller: collection, descriptor: (await collection.open({ config })).descriptor };
}

const nameOf = ({ path }: TestCaller) => path.split('/').at(-1)!;

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** What /openapi.json says of an answer holds. */
function conforms(schema: Schema, value: unknown): void {
  expect(check(schema, value).fault).toBeUndefined();
}

async function query(
  queries: readonly RemoteQuery[],
  { caller: by, descriptor: of } = { caller, descriptor },
) {
  const body = packRemoteQueries({ collection: of.id, queries });
  const bytes = await bytesOf(await by.ask('POST', '/query', body));
  conforms(remoteAnswersHead, unpackFrame(bytes, 1e6).head);
  return unpackRemoteAnswers(bytes).answers;
}

async function upsert(
  records: readonly RemoteRecord[],
  { caller: by, descriptor: of } = { caller, descriptor },
) {
  const stamp = stampAt(Date.now(), n++);
  const common = { collection: of.id, stamp, repeated: false, replicated: false };
  const body = packRemoteWrite({ ...common, mode: 'upsert', records } satisfies RemoteWrite);
  const answer: unknown = await (await by.ask('POST', '/write', body)).json();
  conforms(remoteWritten, answer);
  return remoteWrittenFrom(answer);
}

const records = Array.from({ length: 20 }, (_, i) => ({
  id: `r${String(i).padStart(2, '0')}`,
  vector: Float32Array.of(1, i, 0, 0),
  metadata: JSON.stringify({ n: i % 4 }),
  ...(i % 2 === 0 ? {} : { text: `text ${i}` }),
}));

test('H2 O1 records are written, queried, got, listed and counted over HTTP', async () => {
  const written = await upsert(records);
  expect(written).toMatchObject({ count: 20, replicated: false });
  expect(written.results).toEqual(records.map(() => ({ status: 'ok' })));

  const vector = Float32Array.of(1, 0, 0, 0);
  const [near, byId] = await query([
    { vector, topK: 3, filter: { n: 1 }, includeVectors: true },
    { id: 'r07', topK: 1 },
  ]);
  expect(near!.ids).toEqual(['r01', 'r05', 'r09']);
  expect(near!.scores[0]).toBeCloseTo(Math.SQRT1_2, 12);
  expect(near!.vectors).toEqual(Float32Array.of(1, 1, 0, 0, 1, 5, 0, 0, 1, 9, 0, 0));
  expect(near!.texts).toEqual(['text 1', 'text 5', 'text 9']);
  expect(near!.receipt).toMatchObject({ engine: 'exact', exact: true, shards: { asked: 4, answered: 4 } });
  expect(byId!.ids).toEqual(['r07']);

  const { id: collection } = descriptor;
  const get = { collection, ids: ['r03', 'nobody'], includeVectors: true };
  const found = await bytesOf(await caller.ask('POST', '/get', get));
  conforms(remoteFoundHead, unpackFrame(found, 1e6).head);
  expect(unpackRemoteFound(found)).toEqual({
    found: [true, false],
    records: {
      ids: ['r03'],
      metadata: ['{"n":3}'],
      texts: ['text 3'],
      vectors: Float32Array.of(1, 3, 0, 0),
    },
  });
  const list = { collection, limit: 3, filter: { n: 2 }, includeVectors: false };
  const page = await bytesOf(await caller.ask('POST', '/list', list));
  conforms(remotePageHead, unpackFrame(page, 1e6).head);
  expect(unpackRemotePage(page)).toMatchObject({ records: { ids: ['r02', 'r06', 'r10'] }, cursor: 'r10' });
  const count = await caller.ask('POST', '/count', { collection, filter: { n: 2 } });
  expect(await count.json()).toEqual({ count: 5 });
});

test('O6 what one server has acknowledged another one finds', async () => {
  await upsert(records);
  const other = await createServer({
    redis: { urls: [server.redisUrl] },
    auth: JWT_AUTH,
    logLevel: 'silent',
  });
  const url = await other.listen({ port: 0 });
  try {
    const at = { caller: new TestCaller(url, await tokenOf(), 'st', nameOf(caller)), descriptor };
    const ask = () => query([{ vector: Float32Array.of(1, 0, 0, 0), topK: 1 }], at);
    expect((await ask())[0]!.ids).toEqual(['r00']);
    await upsert([
      { id: 'new', vector: Float32Array.of(2, 0, 0, 0) },
      { id: 'r00', vector: Float32Array.of(-1, 0, 0, 0) },
    ]);
    expect((await ask())[0]!.ids).toEqual(['new']);
  } finally {
    await other.close();
  }
});

test('H3 H5 remote calls are refused without the right, for another collection, or malformed', async () => {
  await upsert(records);
  const reader = new TestCaller(server.url, await tokenOf({ access: 'read' }), 'st', nameOf(caller));
  const write = packRemoteWrite({
    ...{ collection: descriptor.id, stamp: stampAt(Date.now()), repeated: false, replicated: false },
    ...{ mode: 'delete-where', filter: {} },
  });
  expect((await reader.ask('POST', '/write', write)).status).toBe(403);
  expect((await reader.ask('POST', '/count', { collection: descriptor.id })).status).toBe(200);
  expect((await caller.ask('POST', '/count', { collection: '0'.repeat(32) })).status).toBe(410);
  expect((await caller.ask('POST', '/count', { collection: 5 })).status).toBe(400);
  expect((await caller.ask('POST', '/query', new Uint8Array([1, 2, 3]))).status).toBe(400);
  const vector = Float32Array.of(1, 2);
  const refused = await caller.ask(
    'POST',
    '/query',
    packRemoteQueries({ collection: descriptor.id, queries: [{ vector, topK: 1 }] }),
  );
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { code: 'DIMENSION_MISMATCH' } });
  const filter = { n: { $regex: 'a' } };
  const count = await caller.ask('POST', '/count', { collection: descriptor.id, filter });
  expect(await count.json()).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
});

test('H5 a tenant without bytes left is told for each record, and may delete', async () => {
  const full = await startServer({ storedBytes: 1 });
  try {
    const own = new TestCaller(full.url, await tokenOf());
    const config = { dimension: 4, metric: 'cosine', conflict: 'last-writer-wins' };
    const at = { caller: own, descriptor: (await own.open({ config })).descriptor };
    await upsert(records.slice(0, 1), at);
    const { results } = await upsert(records.slice(1, 3), at);
    expect(results.map(({ status }) => status)).toEqual(['quota', 'quota']);
    const body = packRemoteWrite({
      ...{ collection: at.descriptor.id, stamp: stampAt(Date.now()), repeated: false, replicated: false },
      ...{ mode: 'delete', ids: ['r00'] },
    });
    expect(await (await own.ask('POST', '/write', body)).json()).toMatchObject({ count: 1 });
  } finally {
    await full.stop();
  }
});

test('O1 F1-F18 random filters, through HTTP and Redis', async () => {
  const open = async () => {
    const at = await openCollection(2);
    return {
      store: async (stored: readonly RemoteRecord[]) => void (await upsert(stored, at)),
      query: (queries: readonly RemoteQuery[]) => query(queries, at),
    };
  };
  await compareFilters(open, 640, 7);
});
