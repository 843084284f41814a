import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { indexSegment } from '../keyword/index-segment.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { CONFIG, callOptions, clientOf, openEngine, type PlainRecord, record } from './engine.contract.js';
import { SEALED_ROWS } from './segment.js';

vi.mock(import('../keyword/index-segment.js'), { spy: true });

const made = vi.mocked(indexSegment);

// So that idle time does not wait for it.
beforeAll(() => import('./ranked-queries.js'));

beforeEach(() => {
  made.mockClear();
});

/** Segments that were indexed, by their rows. */
const rowsMade = () => made.mock.calls.map(([rows]) => rows);

/** A tab whose idle time comes when the test says so. */
async function openTab(storage = new MemoryStorage()) {
  const sleeping: (() => void)[] = [];
  const sleep = () => new Promise<void>((resolve) => sleeping.push(resolve));
  const { engine } = await openEngine(storage, CONFIG, undefined, undefined, undefined, { sleep });
  const idle = async () => {
    for (const wake of sleeping.splice(0)) wake();
    // What it begins with: a turn for each import and read.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const words = async (text: string) =>
    (await engine.query([{ text, keyword: {}, topK: 100 }], callOptions()))[0]!.ids;
  return { storage, engine, notes: clientOf(engine), sleeping, idle, words };
}

function said(id: string, text: string): PlainRecord {
  return record(id, 1, 0, undefined, text);
}

describe('what words are looked up in', () => {
  it('J13 is not made where words were never asked for', async () => {
    const { notes, idle, sleeping } = await openTab();
    await notes.upsert([said('a', 'a ferry')]);
    await notes.query([1, 0]);
    await idle();
    expect(rowsMade()).toEqual([]);
    expect(sleeping).toEqual([]);
  });

  it('J13 is ready after opening and after each commit where a handle has asked for it', async () => {
    const first = await openTab();
    await first.notes.upsert([said('a', 'a ferry'), said('b', 'a boat')]);
    const { engine, notes, idle, words } = await openTab(first.storage);
    engine.wantKeywords({});
    expect(rowsMade()).toEqual([]);
    await idle();
    expect(rowsMade()).toEqual([2]);
    await notes.upsert([said('c', 'the ferry')]);
    await idle();
    expect(rowsMade()).toEqual([2, 1]);
    expect(await words('ferry')).toEqual(['a', 'c']);
    // The query has found all of it made.
    expect(rowsMade()).toEqual([2, 1]);
  });

  it('J13 is made for the fields that were asked for', async () => {
    const { engine, notes, idle } = await openTab();
    await notes.upsert([record('a', 1, 0, { title: 'Ferry' }, 'nothing')]);
    engine.wantKeywords({ fields: ['title'] });
    await idle();
    const query = { text: 'ferry', keyword: { fields: ['title'] } };
    const [{ ids } = { ids: [] }] = await engine.query([query], callOptions());
    expect(ids).toEqual(['a']);
    expect(made.mock.calls.map((call) => call[3])).toEqual([[['title']]]);
  });

  it('J13 J9 follows the commits of another tab from the first query on', async () => {
    const one = await openTab();
    const two = await openTab(one.storage);
    await one.notes.upsert([said('a', 'a ferry')]);
    await two.engine.follow(1);
    expect(await two.words('ferry')).toEqual(['a']);
    await two.idle();
    made.mockClear();
    await one.notes.upsert([said('b', 'one more ferry'), said('c', 'a boat')]);
    await two.engine.follow(2);
    await two.idle();
    expect(rowsMade()).toEqual([2]);
    expect(await two.words('ferry')).toEqual(['a', 'b']);
    expect(rowsMade()).toEqual([2]);
  });

  it('J13 waits for a merge, and is then made of what came of it', async () => {
    const { storage, engine, notes, idle, words } = await openTab();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const signal = new AbortController().signal;
    const other = storage.maintenanceLock('exclusive', () => held, signal);
    const half = (from: number) =>
      Array.from({ length: SEALED_ROWS / 2 }, (_, i) => said(`r${from + i}`, `ferry ${i}`));
    await notes.upsert(half(0));
    await notes.upsert(half(SEALED_ROWS / 2));
    engine.wantKeywords({});
    await idle();
    expect(rowsMade()).toEqual([]);
    release();
    await other;
    await vi.waitFor(async () => {
      await idle();
      expect(rowsMade()).toEqual([SEALED_ROWS]);
    });
    expect(await words('ferry')).toHaveLength(100);
    expect(rowsMade()).toEqual([SEALED_ROWS]);
  });

  it('J13 a query that comes first waits for what is being made, and makes the rest', async () => {
    const { engine, notes, idle, words } = await openTab();
    await notes.upsert([said('a', 'a ferry')]);
    engine.wantKeywords({});
    const idling = idle();
    expect(await words('ferry')).toEqual(['a']);
    await idling;
    expect(rowsMade()).toEqual([1]);
  });

  it('J13 ends with the collection', async () => {
    const { engine, notes, idle } = await openTab();
    const text = 'tide '.repeat(40);
    await notes.upsert(Array.from({ length: 20_000 }, (_, i) => said(`r${i}`, `${text}${i}`)));
    const actual = await vi.importActual<{ indexSegment: typeof indexSegment }>(
      '../keyword/index-segment.js',
    );
    made.mockImplementationOnce((...args) => {
      engine.close(new VectorStoreError('CLOSED', 'closed'));
      return actual.indexSegment(...args);
    });
    engine.wantKeywords({});
    await idle();
    await expect(made.mock.results[0]!.value).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
