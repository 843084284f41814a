import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMIT_POINTS, type CommitPoint, type StorageFailure } from '../protocol.js';
import { installFaults } from './install-faults.js';

// Against IndexedDB alone: what a caller of it sees of each fault.

const committed: string[] = [];
const writing: number[] = [];
const { rules, connections, setOffline } = installFaults({
  onWriting: (open) => writing.push(open),
  onCommitted: () => committed.push('commit'),
});

const STORES = ['collections', 'pages', 'rowStates'];
let name: string;
let database: IDBDatabase;

function once(target: EventTarget, ...types: string[]): Promise<string> {
  return new Promise((resolve) => {
    for (const type of types) target.addEventListener(type, () => resolve(type), { once: true });
  });
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    for (const store of STORES) request.result.createObjectStore(store);
  };
  if ((await once(request, 'success', 'error')) === 'error') throw request.error;
  return request.result;
}

/** What a plain writer sees of each of its steps, as text. */
async function write(values: readonly string[], on = database): Promise<string[]> {
  const seen: string[] = [];
  let tx: IDBTransaction;
  try {
    tx = on.transaction(STORES, 'readwrite');
  } catch (error) {
    return [`transaction threw ${(error as Error).name}`];
  }
  const end = once(tx, 'complete', 'abort');
  for (const value of values) {
    try {
      const request = tx.objectStore('pages').put(value, value);
      const type = await once(request, 'success', 'error');
      seen.push(type === 'success' ? 'put' : `put failed with ${request.error?.name}`);
    } catch (error) {
      seen.push(`put threw ${(error as Error).name}`);
    }
  }
  const ended = await end;
  return [...seen, ended === 'complete' ? 'complete' : `aborted with ${tx.error?.name}`];
}

async function stored(): Promise<IDBValidKey[]> {
  const request = database.transaction('pages').objectStore('pages').getAllKeys();
  await once(request, 'success');
  return request.result;
}

beforeEach(async () => {
  name = `nearshore:faults-${crypto.randomUUID()}`;
  database = await open();
  rules.reset();
  committed.length = 0;
  writing.length = 0;
});

afterEach(async () => {
  rules.reset();
  setOffline(false);
  database.close();
  await once(indexedDB.deleteDatabase(name), 'success');
});

describe('faults of storage calls', () => {
  it('X1: without rules nothing changes, and calls are counted', async () => {
    expect(await write(['a', 'b'])).toEqual(['put', 'put', 'complete']);
    expect(rules.counts()).toEqual({
      total: 4,
      failed: 0,
      byCall: { transaction: 1, put: 2, complete: 1 },
    });
    expect(await stored()).toEqual(['a', 'b']);
  });

  const SHAPES: [StorageFailure, string[]][] = [
    ['quota-at-commit', ['put', 'put', 'put', 'aborted with QuotaExceededError']],
    [
      'quota-at-request',
      [
        'put',
        'put failed with QuotaExceededError',
        'put threw InvalidStateError',
        'aborted with QuotaExceededError',
      ],
    ],
    ['unknown-error', ['put', 'put failed with UnknownError', 'put threw', 'aborted with UnknownError']],
    ['invalid-state', ['put', 'put threw InvalidStateError', 'put', 'complete']],
    ['connection-lost', ['put', 'put threw InvalidStateError', 'put threw', 'aborted with AbortError']],
    ['abort-at-commit', ['put', 'put', 'put', 'aborted with AbortError']],
    [{ name: 'DataError', from: 'call' }, ['put', 'put threw DataError', 'put', 'complete']],
    [
      { name: 'DataError', from: 'request' },
      ['put', 'put failed with DataError', 'put threw', 'aborted with DataError'],
    ],
    [{ name: 'DataError', from: 'commit' }, ['put', 'put', 'put', 'aborted with DataError']],
  ];
  for (const [error, shape] of SHAPES) {
    it(`X2: ${JSON.stringify(error)} at the second put`, async () => {
      rules.fail({ on: 'put', call: 2, error });
      const seen = await write(['a', 'b', 'c']);
      // What a call to a transaction that has ended throws is the browser's to name.
      expect(seen.map((step, i) => (shape[i] === 'put threw' ? step.slice(0, 9) : step))).toEqual(shape);
      expect(rules.counts().failed).toBe(1);
      if (error === 'connection-lost') database = await open();
      expect(await stored()).toEqual(shape.at(-1) === 'complete' ? ['a', 'c'] : []);
      // It was the one.
      expect(await write(['d'])).toEqual(['put', 'complete']);
    });
  }

  it('X2: every call of every kind can be the one that fails', async () => {
    const kinds: StorageFailure[] = [
      'quota-at-commit',
      'quota-at-request',
      'connection-lost',
      'unknown-error',
    ];
    for (const error of [...kinds, 'invalid-state', 'abort-at-commit'] as const) {
      // transaction, put, put, complete
      for (let call = 1; call <= 5; call++) {
        rules.reset();
        rules.fail({ call, error });
        const seen = await write(['a', 'b']);
        const { failed } = rules.counts();
        expect(failed).toBe(call <= 4 ? 1 : 0);
        const isDone = seen.at(-1) === 'complete' && !seen.some((step) => step.includes('threw'));
        expect({ error, call, isDone }).toEqual({ error, call, isDone: call === 5 });
        rules.reset();
        database.close();
        database = await open();
      }
    }
  });

  it('X2: an opening that fails makes no database', async () => {
    database.close();
    await once(indexedDB.deleteDatabase(name), 'success');
    for (const error of ['unknown-error', 'quota-at-commit'] as const) {
      rules.fail({ on: 'open', error });
      await expect(open()).rejects.toMatchObject({
        name: error === 'unknown-error' ? 'UnknownError' : 'QuotaExceededError',
      });
      expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(name);
    }
    rules.fail({ on: 'open', error: 'invalid-state' });
    await expect(open()).rejects.toMatchObject({ name: 'InvalidStateError' });
    database = await open();
  });

  it('X2: an opening of what is there fails, and the next one finds it', async () => {
    await write(['a']);
    database.close();
    rules.fail({ on: 'open', error: 'unknown-error' });
    await expect(open()).rejects.toMatchObject({ name: 'UnknownError' });
    database = await open();
    expect(await stored()).toEqual(['a']);
  });

  it('X2: calls go on failing for as many times as was asked', async () => {
    rules.fail({ on: 'put', error: 'quota-at-commit', times: Number.POSITIVE_INFINITY });
    for (const value of ['a', 'b', 'c']) {
      expect(await write([value])).toEqual(['put', 'aborted with QuotaExceededError']);
    }
    rules.reset();
    expect(await write(['d'])).toEqual(['put', 'complete']);
  });
});

describe('faults of connections', () => {
  it('X3: a lost connection aborts what runs, throws, and is told by a close event', async () => {
    const closed = once(database, 'close');
    const tx = database.transaction(STORES, 'readwrite');
    tx.objectStore('pages').put('a', 'a');
    const end = once(tx, 'complete', 'abort');
    connections.loseAll();
    expect(await end).toBe('abort');
    expect(await closed).toBe('close');
    expect(await write(['b'])).toEqual(['transaction threw InvalidStateError']);
    database = await open();
    expect(await stored()).toEqual([]);
  });

  it('X3: a transaction that is already ending is left to end', async () => {
    const tx = database.transaction(STORES, 'readwrite');
    const end = once(tx, 'complete', 'abort');
    tx.objectStore('pages').put('a', 'a');
    tx.commit();
    await connections.evict(name.replace('nearshore:', ''));
    expect(await end).toBe('complete');
    database = await open();
    expect(await stored()).toEqual([]);
  });

  it('X3: eviction deletes the database under an open connection', async () => {
    await write(['a']);
    const closed = once(database, 'close');
    await connections.evict(name.replace('nearshore:', ''));
    expect(await closed).toBe('close');
    expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(name);
    database = await open();
    expect(await stored()).toEqual([]);
  });

  it('X3: transactions that write are told as they begin and end', async () => {
    await write(['a']);
    await stored();
    expect(writing).toEqual([1, 0]);
  });
});

describe('points of a commit', () => {
  /** As the store commits. */
  async function commit(pages: readonly string[]): Promise<void> {
    const tx = database.transaction(STORES, 'readwrite');
    const end = once(tx, 'complete', 'abort');
    await once(tx.objectStore('collections').get('c'), 'success');
    for (const page of pages) tx.objectStore('pages').put(page, page);
    tx.objectStore('rowStates').put('r', 'r');
    tx.objectStore('pages').delete('none');
    tx.objectStore('rowStates').delete('none');
    await once(tx.objectStore('collections').put('c', 'c'), 'success');
    expect(await end).toBe('complete');
  }

  it('X4: they are passed in their order', async () => {
    const passed: (CommitPoint | string)[] = [];
    await commit(['1', '2', '3', '4', '5', '6']);
    for (const point of COMMIT_POINTS) rules.hold({ point }, () => passed.push(point));
    rules.hold({ on: 'put', call: 3 }, () => passed.push('third put'));
    await commit(['1', '2', '3', '4', '5', '6']);
    expect(passed).toEqual([
      ...COMMIT_POINTS.slice(0, 4),
      'third put',
      // 'answered' is told by the worker's messages.
      ...COMMIT_POINTS.slice(4, -1),
    ]);
    expect(committed).toEqual(['commit', 'commit']);
  });

  for (const point of COMMIT_POINTS.slice(0, -2) as Exclude<CommitPoint, 'complete' | 'answered'>[]) {
    it(`X4: a commit can fail at "${point}"`, async () => {
      rules.fail({ point, error: 'quota-at-commit' });
      const tx = database.transaction(STORES, 'readwrite');
      const end = once(tx, 'complete', 'abort');
      await once(tx.objectStore('collections').get('c'), 'success');
      for (const page of ['1', '2', '3']) tx.objectStore('pages').put(page, page);
      tx.objectStore('rowStates').put('r', 'r');
      tx.objectStore('pages').delete('none');
      tx.objectStore('collections').put('c', 'c');
      expect(await end).toBe('abort');
      expect(tx.error?.name).toBe('QuotaExceededError');
      expect(await stored()).toEqual([]);
    });
  }
});

it('X5: fetch fails while it is offline', async () => {
  setOffline(true);
  await expect(fetch(location.href)).rejects.toBeInstanceOf(TypeError);
  setOffline(false);
  expect((await fetch(location.href)).ok).toBe(true);
});
