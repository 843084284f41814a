import type { BrowserContext, Page } from '@playwright/test';
import { expect, openBlank, test } from '../support/api-test.js';
import { size, TIMEOUT } from './support/sizes.js';
import {
  type Begun,
  type Ended,
  type Heard,
  judge,
  type Operation,
  type Row,
} from './support/tab-history.js';

// Tabs that write to one store while others of them are killed, compared with one writer that does the same.

test.describe.configure({ timeout: TIMEOUT });

type Log = { begun: Begun[]; ended: Ended[]; heard: Heard[]; problems: string[] };

interface Task {
  tab: number;
  /** Of the page that runs it. */
  page: number;
  operations: number;
  seed: number;
  worker: string | undefined;
}

/** A page that keeps what the others say, since they do not live to tell it. */
async function openObserver(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await openBlank(page);
  await page.evaluate(() => {
    const log: Log = { begun: [], ended: [], heard: [], problems: [] };
    new BroadcastChannel('log').onmessage = ({ data: [kind, entry] }) => log[kind as 'begun'].push(entry);
    // The store's own: tells merges from writes whose tab did not live to acknowledge them.
    new BroadcastChannel('nearshore:shared').onmessage = ({ data }) => {
      const events = data.events as { ids: string[] }[];
      log.heard.push({ generation: data.generation, ids: events.flatMap(({ ids }) => ids) });
    };
    Object.assign(globalThis, { log });
  });
  return page;
}

/** A tab with a write in flight, once so many operations have begun. */
async function writing(observer: Page, begun: number, killed: readonly number[]): Promise<number> {
  const found = await observer.waitForFunction(
    ([due, killed]) => {
      const { begun, ended } = (globalThis as never as { log: Log }).log;
      if (begun.length < due) return undefined;
      const over = new Set(ended.map(({ number }) => number));
      const newest = new Map(begun.map((each) => [each.tab, each]));
      const writes = [...newest.values()].filter(
        ({ number, page, operation }) =>
          !over.has(number) &&
          !killed.includes(page) &&
          ['upsert', 'insert', 'delete'].includes(operation.kind),
      );
      const write = writes[due % writes.length];
      return write && { tab: write.tab };
    },
    [begun, killed] as const,
    { polling: 5, timeout: 0 },
  );
  return (await found.jsonValue())!.tab;
}

const logOf = (observer: Page): Promise<Log> =>
  observer.evaluate(() => (globalThis as never as { log: Log }).log);

/** Does the operations one after the other. */
function run(page: Page, task: Task): Promise<void> {
  return page.evaluate(async ({ tab, page, operations, seed, worker }) => {
    const channel = new BroadcastChannel('log');
    const random = helpers.random(seed);
    const below = (end: number) => Math.floor(random() * end);
    const ids = (most: number) =>
      [...new Set(Array.from({ length: 1 + below(most) }, () => `r${below(200)}`))].sort();
    const choose = (): Operation => {
      const dice = random();
      if (dice < 0.36) return { kind: 'upsert', ids: ids(6) };
      if (dice < 0.46) return { kind: 'insert', ids: ids(2) };
      if (dice < 0.56) return { kind: 'setMetadata', ids: ids(2) };
      if (dice < 0.68) return { kind: 'delete', ids: ids(3) };
      if (dice < 0.72) return { kind: 'deleteWhere', bucket: below(16) };
      if (dice < 0.88) return { kind: 'query' };
      if (dice < 0.94) return { kind: 'get', ids: ids(5) };
      if (dice < 0.98) return { kind: 'list' };
      return { kind: 'optimize' };
    };
    const open = () =>
      nearshore.openStore('shared', {
        backend: 'js',
        ...(worker === undefined ? {} : { worker: () => new Worker(worker, { type: 'module' }) }),
      });
    // Of eight that start at once on a busy machine, one may take longer than the store waits for it.
    const store = await open().catch(open);
    interface Meta {
      number: number;
      bucket: number;
    }
    const notes = await store.collection<Meta>('notes', { dimension: 2 });
    const record = (id: string, number: number) => ({
      id,
      vector: [number, 1],
      metadata: { number, bucket: number % 16 },
    });
    /** What of it can be sent to others. */
    const plain = async (write: Promise<{ count: number; generation: number }>) => {
      const { count, generation } = await write;
      return { count, generation };
    };
    const perform = async (operation: Operation, number: number): Promise<Omit<Ended, 'number'>> => {
      const durability = random() < 0.5 ? 'disk' : 'memory';
      switch (operation.kind) {
        case 'upsert':
        case 'insert':
          return plain(
            notes[operation.kind](
              operation.ids.map((id) => record(id, number)),
              { durability },
            ),
          );
        case 'setMetadata':
          return plain(
            notes.setMetadata(
              operation.ids.map((id) => ({ id, metadata: record(id, number).metadata })),
              { durability },
            ),
          );
        case 'delete':
          return plain(notes.delete({ ids: operation.ids }, { durability }));
        case 'deleteWhere':
          return plain(notes.delete({ filter: { bucket: operation.bucket } }, { durability }));
        case 'query': {
          const query = { vector: [1, 1], topK: 1_000, includeVectors: true };
          const { matches, receipt } = await notes.query(query);
          const rows = matches.map(({ id, vector, metadata }): Row => [id, vector![0]!, metadata!.number]);
          return { generation: receipt.generation, rows };
        }
        case 'get':
          await notes.get(operation.ids);
          return {};
        case 'list':
          await notes.list({ limit: 50 });
          return {};
        case 'optimize':
          await notes.optimize();
          return {};
      }
    };
    let after = 0;
    for (let i = 0; i < operations; i++) {
      const number = page * 10_000 + i + 1;
      const operation = choose();
      channel.postMessage(['begun', { number, tab, page, operation, after } satisfies Begun]);
      let ended: Ended;
      try {
        ended = { ...(await perform(operation, number)), number };
        if (ended.generation !== undefined && ended.generation < after && ended.count !== undefined)
          channel.postMessage(['problems', `${number}: generation ${ended.generation} after ${after}`]);
        // Q7: what this tab was told of, it sees.
        if (ended.rows !== undefined && ended.generation! < after)
          channel.postMessage(['problems', `${number}: read ${ended.generation} after ${after}`]);
        after = Math.max(after, ended.generation ?? 0);
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        ended = { number, code };
        const expected = { insert: 'DUPLICATE_ID', setMetadata: 'INVALID_ARGUMENT' } as Record<
          string,
          string
        >;
        if (code !== expected[operation.kind]) channel.postMessage(['problems', `${number}: ${message}`]);
      }
      channel.postMessage(['ended', ended]);
    }
  }, task);
}

interface Run {
  tabs: number;
  /** Of each tab. */
  operations: number;
  kills: number;
  /** One of e2e/pages. */
  worker?: string;
}

async function runTabs(
  context: BrowserContext,
  browserName: string,
  { tabs, operations, kills, worker }: Run,
) {
  const seed = Date.now() % 1e6;
  console.log(`seed ${seed}`);
  const observer = await openObserver(context);
  const killed = new Set<number>();
  /** By tab. */
  const current: { page: Page; number: number; crash: (() => Promise<unknown>) | undefined }[] = [];
  let pages = 0;

  const live = async (tab: number): Promise<void> => {
    for (let left = operations; left > 0; ) {
      const page = await context.newPage();
      const number = ++pages;
      page.on('crash', () => killed.add(number));
      try {
        await openBlank(page);
        const session = browserName === 'chromium' ? await context.newCDPSession(page) : undefined;
        current[tab] = { page, number, crash: session && (() => session.send('Page.crash')) };
        await run(page, { tab, page: number, operations: left, seed: seed + number, worker });
        return;
      } catch (error) {
        if (!killed.has(number)) throw error;
      }
      const { begun } = await logOf(observer);
      left = operations - begun.filter((each) => each.tab === tab).length;
    }
  };
  const kill = async (tab: number, crashes: boolean): Promise<void> => {
    const { page, number, crash } = current[tab]!;
    killed.add(number);
    if (crashes && crash !== undefined) {
      const crashed = page.waitForEvent('crash');
      // It has no answer.
      void crash().catch(() => undefined);
      await crashed;
    }
    await page.close();
  };
  const lives = Promise.all(Array.from({ length: tabs }, (_, tab) => live(tab)));
  const over = lives.then(() => undefined);
  const killAll = async (): Promise<number> => {
    for (let k = 1; k <= kills; k++) {
      const due = Math.floor((k * tabs * operations) / (kills + 1));
      // On a busy machine the observer can miss the last writes; then there is nobody left to kill.
      const tab = await Promise.race([writing(observer, due, [...killed]), over]);
      if (tab === undefined) return k - 1;
      await kill(tab, k % 2 === 0);
    }
    return kills;
  };
  const [done] = await Promise.all([killAll(), lives]);

  const page = await context.newPage();
  await openBlank(page);
  const end = await page.evaluate(async () => {
    const notes = await (await nearshore.openStore('shared', { backend: 'js' })).collection<{
      number: number;
    }>('notes', { dimension: 2 });
    const query = { vector: [1, 1], topK: 1_000, includeVectors: true };
    const { matches, receipt } = await notes.query(query);
    const { records } = await notes.list({ limit: 1_000 });
    if (records.length !== matches.length) throw new Error(`${records.length} listed`);
    const rows = matches.map(({ id, vector, metadata }): Row => [id, vector![0]!, metadata!.number]);
    return { rows, generation: receipt.generation };
  });
  const log = await logOf(observer);
  return { log, verdict: judge({ ...log, ...end }), kills: done, end };
}

function report({ log, verdict, kills, end }: Awaited<ReturnType<typeof runTabs>>): void {
  console.log(
    `${log.begun.length} operations, ${verdict.acknowledged} writes acknowledged in ${end.generation} generations, ` +
      `${verdict.compared} queries compared; ${kills} kills, ${verdict.inFlight.length} with an operation in flight, ` +
      `${verdict.happened} of these had committed`,
  );
}

test('S2 T1 P1 P2: 8 tabs, killed while they write, give what one writer gives', async ({
  context,
  browserName,
}) => {
  // A commit of eight tabs takes Firefox several times as long as Chromium.
  const isSlow = browserName === 'firefox';
  const kills = size(60, isSlow ? 4 : 12);
  const operations = size(1_000, isSlow ? 40 : 200);
  const result = await runTabs(context, browserName, { tabs: 8, operations, kills });
  report(result);
  expect(result.log.problems).toEqual([]);
  expect(result.verdict.contradiction).toBeUndefined();
  expect(result.log.begun.length).toBeGreaterThanOrEqual(8 * operations);
  expect(result.kills).toBeGreaterThan(kills / 2);
  expect(result.verdict.acknowledged).toBeGreaterThan(result.log.begun.length / 4);
  expect(result.verdict.compared).toBeGreaterThan(0);
  expect(result.verdict.inFlight.length).toBeGreaterThan(0);
});

test('S2 T4: so do tabs without Web Locks', async ({ context, browserName }) => {
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  const kills = size(20, 4);
  const operations = size(500, 60);
  const worker = '/no-locks-worker.js';
  const result = await runTabs(context, browserName, { tabs: 4, operations, kills, worker });
  report(result);
  expect(result.log.problems).toEqual([]);
  expect(result.verdict.contradiction).toBeUndefined();
  expect(result.log.begun.length).toBeGreaterThanOrEqual(4 * operations);
  expect(result.kills).toBeGreaterThan(0);
  expect(result.verdict.acknowledged).toBeGreaterThan(result.log.begun.length / 4);
  expect(result.verdict.inFlight.length).toBeGreaterThan(0);
});
