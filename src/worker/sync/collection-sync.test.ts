import { describe, expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { SyncStatus } from '../../shared/sync/sync-status.js';
import { LocalLock } from '../storage/local-lock.js';
import { CollectionSync, type Syncing } from './collection-sync.js';
import { stoppedError } from './sync-errors.js';
import type { SyncNotice } from './sync-notices.js';

const NEVER = new AbortController().signal;
const IDLE: SyncStatus = { state: 'idle', pending: 0, pushed: 0, pulled: 0, setAside: 0, setAsideWrites: [] };

/** Stands for a replicator: a `now` waits until the test ends it. */
class Worked implements Syncing {
  readonly calls: { readonly what: string; readonly end: (error?: Error) => void }[] = [];
  isStarted = false;
  #tell: (status: SyncStatus) => void = () => {};

  start() {
    this.isStarted = true;
  }

  now(signal?: AbortSignal) {
    return this.#call('now', signal);
  }

  replicated(ids: readonly string[], stamp: string, signal?: AbortSignal) {
    return this.#call(`${ids.join()} ${stamp}`, signal);
  }

  status() {
    return IDLE;
  }

  onStatus(listener: (status: SyncStatus) => void) {
    this.#tell = listener;
    return () => {};
  }

  tell(status: Partial<SyncStatus>) {
    this.#tell({ ...IDLE, ...status });
  }

  async stop() {
    for (const { end } of this.calls) end(stoppedError());
  }

  #call(what: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.calls.push({ what, end: (error) => (error === undefined ? resolve() : reject(error)) });
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }
}

/** Tabs of one browser: what one posts, the others hear; and one lock. */
class Browser {
  readonly #lock = new LocalLock();
  readonly #tabs: { sync: CollectionSync | undefined }[] = [];

  /** @param live of its sync */
  open(live = true) {
    const tab = { sync: undefined as CollectionSync | undefined };
    const replicators: Worked[] = [];
    const told: (SyncStatus['state'] | undefined)[] = [];
    this.#tabs.push(tab);
    const sync = new CollectionSync({
      collection: 1,
      live,
      tabs: {
        lock: (task, signal) => this.#lock.run('exclusive', task, signal),
        post: (notice: SyncNotice) => {
          for (const other of this.#tabs) {
            if (other !== tab) queueMicrotask(() => other.sync?.hear(structuredClone(notice)));
          }
        },
      },
      makeReplicator: () => {
        const made = new Worked();
        replicators.push(made);
        return made;
      },
      onStatus: ({ state }) => told.push(state),
    });
    tab.sync = sync;
    return { sync, replicators, told };
  }
}

/** What is to come comes in microtasks. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('Y10', () => {
  it('one tab syncs; what another asks it answers, with its error', async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await settled();
    expect([first.replicators.length, second.replicators.length]).toEqual([1, 0]);
    expect(first.replicators[0]!.isStarted).toBe(true);

    const done = second.sync.ask({ kind: 'now' }, NEVER);
    const failed = second.sync.ask({ kind: 'replicated', ids: ['a', 'b'], stamp: 's' }, NEVER);
    await settled();
    const [now, replicated] = first.replicators[0]!.calls;
    expect([now!.what, replicated!.what]).toEqual(['now', 'a,b s']);
    now!.end();
    replicated!.end(new VectorStoreError('SYNC_REJECTED', 'Another write has won.'));
    await done;
    await expect(failed).rejects.toMatchObject({ code: 'SYNC_REJECTED', message: 'Another write has won.' });
  });

  it('where the tab that syncs ends, the next goes on, and what was asked of it is done', async () => {
    const browser = new Browser();
    const [first, second, third] = [browser.open(), browser.open(), browser.open()];
    await settled();
    const [asked, askedToo] = [second, third].map(({ sync }) => sync.ask({ kind: 'now' }, NEVER));
    await settled();
    expect(first.replicators[0]!.calls).toHaveLength(2);
    await first.sync.stop();
    await settled();
    expect([second.replicators.length, third.replicators.length]).toEqual([1, 0]);
    const { calls } = second.replicators[0]!;
    expect(calls).toHaveLength(2);
    for (const { end } of calls) end();
    await Promise.all([asked, askedToo]);
  });

  it('its status is that of every tab, and one that comes later is told', async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await settled();
    first.replicators[0]!.tell({ state: 'offline' });
    await settled();
    expect(first.told).toEqual(['idle', 'offline']);
    expect(second.told.at(-1)).toBe('offline');
    const third = browser.open();
    await settled();
    expect(third.told).toEqual(['idle']);
  });

  it('a sync that is not live takes the lock for a now alone, or has the tab that syncs do it', async () => {
    const browser = new Browser();
    const passive = browser.open(false);
    const alone = passive.sync.ask({ kind: 'now' }, NEVER);
    await settled();
    expect(passive.replicators[0]!.calls).toHaveLength(1);
    passive.replicators[0]!.calls[0]!.end();
    await alone;

    const live = browser.open();
    await settled();
    expect(live.replicators).toHaveLength(1);
    const asked = passive.sync.ask({ kind: 'now' }, NEVER);
    await settled();
    expect(passive.replicators[0]!.calls).toHaveLength(1);
    live.replicators[0]!.calls[0]!.end();
    await asked;
    await live.sync.stop();
    const again = passive.sync.ask({ kind: 'now' }, NEVER);
    await settled();
    expect(passive.replicators[0]!.calls).toHaveLength(2);
    passive.replicators[0]!.calls[1]!.end();
    await again;
  });
});

describe('every call settles', () => {
  it('Y12 with CLOSED once it is stopped, with ABORTED when the signal fires', async () => {
    const browser = new Browser();
    const [first, second] = [browser.open(), browser.open()];
    await settled();
    const aborted = new AbortController();
    const calls = [
      first.sync.ask({ kind: 'now' }, NEVER),
      second.sync.ask({ kind: 'now' }, NEVER),
      second.sync.ask({ kind: 'now' }, aborted.signal),
    ];
    const codes = Promise.allSettled(calls).then((all) =>
      all.map((each) => (each.status === 'rejected' ? each.reason.code : 'resolved')),
    );
    aborted.abort();
    // The one that waits first, so that it does not take over.
    await second.sync.stop();
    await first.sync.stop();
    expect(await codes).toEqual(['CLOSED', 'CLOSED', 'ABORTED']);
    await expect(first.sync.ask({ kind: 'now' }, NEVER)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
