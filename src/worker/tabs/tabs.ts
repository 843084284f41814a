import type { ChangeEvent, StoreStatus } from '../../shared/types.js';
import { type CollectionRow, liveRecords, type Storage } from '../storage/storage.js';
import { webLocks } from '../storage/store-locks.js';
import type { Announcement, Announcements } from './announcements.js';
import { ChangeOrder } from './change-order.js';

/** How long an announcement may come after the commit that is seen. Longer: writes after a missed one wait longer. */
const LATE_MS = 250;

/** How often new generations are looked for where nothing is announced. */
const POLL_MS = 1_000;

/** A collection that is open in this tab. */
export interface Follower {
  /** Catches up with another tab, which has made this generation; resolves to the one that is there now. */
  follow(generation: number): Promise<number>;
}

export interface TabsParts {
  readonly storage: Pick<Storage, 'kind' | 'readCollections'>;
  /** Undefined: this tab looks for changes by itself. */
  readonly announcements: Announcements | undefined;
  readonly collection: (id: number) => Promise<Follower> | undefined;
  readonly emit: (event: ChangeEvent) => void;
  /** Another tab has dropped a collection. */
  readonly onDropped: (id: number, name: string) => void;
  /** Another tab has put another collection in its place. */
  readonly onReplaced: (id: number, name: string) => void;
  /** Another tab destroys the store. */
  readonly onDestroyed: () => void;
}

/** One store in several tabs: tells the others what happens here, and follows what happens there. */
export class Tabs {
  /** By the collection's id. */
  readonly #orders = new Map<number, { readonly name: string; readonly order: ChangeOrder }>();
  #heard: Announcement[] = [];
  #isFollowing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(private readonly parts: TabsParts) {
    parts.announcements?.listen((announcement) => this.#hear(announcement));
    this.#schedulePoll();
  }

  get status(): StoreStatus['tabs'] {
    const { storage, announcements } = this.parts;
    if (storage.kind === 'memory') return { locks: 'none', announcements: 'none' };
    return {
      locks: webLocks() === undefined ? 'none' : 'web-locks',
      announcements: announcements === undefined ? 'polling' : 'broadcast',
    };
  }

  /** A collection is being opened here: what happens from `row` on is told. */
  opened({ id, config, generation }: CollectionRow): void {
    this.#orderOf(id, config.name, generation).reach(generation);
  }

  /** A commit was made here. */
  committed(collection: number, name: string, generation: number, events: readonly ChangeEvent[]): void {
    this.parts.announcements?.post({ about: 'commit', collection, name, generation, events });
    this.#orderOf(collection, name, generation - 1).tell(generation, events);
  }

  /** When the events up to this generation have been emitted here. */
  async emittedUpTo(collection: number, generation: number): Promise<void> {
    await this.#orders.get(collection)?.order.emittedUpTo(generation);
  }

  /** A collection was dropped here. */
  dropped({ id, config: { name }, generation }: CollectionRow): void {
    this.parts.announcements?.post({ about: 'drop', collection: id, name, generation: generation + 1 });
    this.#end(id, name, generation + 1, 'local');
  }

  /** A collection was embedded anew here. */
  replaced({ id, config: { name } }: CollectionRow, by: CollectionRow): void {
    const { generation } = by;
    const count = liveRecords(by);
    this.parts.announcements?.post({ about: 'replace', collection: id, name, generation, count });
    this.#end(id, name, generation, 'local', 'reembed', count);
  }

  /** The store is being destroyed here. */
  destroyed(): void {
    this.parts.announcements?.post({ about: 'destroy' });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.parts.announcements?.close();
    for (const { order } of this.#orders.values()) order.end();
    this.#orders.clear();
  }

  #orderOf(id: number, name: string, emitted: number): ChangeOrder {
    let known = this.#orders.get(id);
    if (known === undefined) {
      const lateMs = this.parts.announcements === undefined ? 0 : LATE_MS;
      known = { name, order: new ChangeOrder(name, emitted, lateMs, this.parts.emit) };
      this.#orders.set(id, known);
    }
    return known.order;
  }

  #hear(announcement: Announcement): void {
    this.#heard.push(announcement);
    if (!this.#isFollowing) void this.#followHeard();
  }

  /** What is heard while a collection catches up is caught up with together. */
  async #followHeard(): Promise<void> {
    this.#isFollowing = true;
    while (this.#heard.length > 0 && !this.#isClosed) {
      const heard = this.#heard;
      this.#heard = [];
      const reached = new Map<number, number>();
      for (const each of heard) {
        if (each.about !== 'commit') continue;
        reached.set(each.collection, Math.max(each.generation, reached.get(each.collection) ?? 0));
      }
      await Promise.all(
        [...reached].map(async ([id, generation]) => reached.set(id, await this.#follow(id, generation))),
      );
      if (this.#isClosed) return;
      for (const announcement of heard) this.#take(announcement);
      for (const [id, generation] of reached) this.#orders.get(id)?.order.reach(generation);
    }
    this.#isFollowing = false;
  }

  /** The generation that is here then, or was made there: of what cannot be read, the next call says why. */
  async #follow(id: number, generation: number): Promise<number> {
    try {
      return (await (await this.parts.collection(id))?.follow(generation)) ?? generation;
    } catch {
      return generation;
    }
  }

  #take(announcement: Announcement): void {
    if (announcement.about === 'destroy') {
      this.parts.onDestroyed();
      for (const [id, { name, order }] of this.#orders) this.#end(id, name, order.reached + 1, 'tab');
      return;
    }
    const { collection, name, generation } = announcement;
    if (announcement.about === 'drop') this.#dropElsewhere(collection, name, generation);
    else if (announcement.about === 'replace') {
      this.parts.onReplaced(collection, name);
      this.#end(collection, name, generation, 'tab', 'reembed', announcement.count);
    } else {
      const events = announcement.events.map(
        (event): ChangeEvent => (event.origin === 'sync' ? event : { ...event, origin: 'tab' }),
      );
      this.#orderOf(collection, name, generation - 1).tell(generation, events);
    }
  }

  #dropElsewhere(id: number, name: string, generation: number): void {
    this.parts.onDropped(id, name);
    this.#end(id, name, generation, 'tab');
  }

  #end(
    id: number,
    name: string,
    generation: number,
    origin: ChangeEvent['origin'],
    kind: 'drop' | 'reembed' = 'drop',
    count = 0,
  ): void {
    this.#orders.get(id)?.order.end();
    this.#orders.delete(id);
    this.parts.emit({ collection: name, kind, ids: [], count, generation, origin });
  }

  #schedulePoll(): void {
    const { storage, announcements } = this.parts;
    if (announcements !== undefined || storage.kind === 'memory' || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#poll()
        .catch(() => {
          // What cannot be read now is looked for again.
        })
        .finally(() => this.#schedulePoll());
    }, POLL_MS);
  }

  async #poll(): Promise<void> {
    // What is created meanwhile is not among the rows.
    const known = [...this.#orders];
    const rows = await this.parts.storage.readCollections();
    for (const { id, config, generation } of rows) {
      const order = this.#orderOf(id, config.name, generation);
      if (generation <= order.reached) continue;
      const followed = await this.#follow(id, generation);
      if (this.#isClosed) return;
      order.reach(followed);
    }
    const there = new Set(rows.map(({ id }) => id));
    for (const [id, { name, order }] of known) {
      if (there.has(id) || !this.#orders.has(id)) continue;
      const by = rows.find(({ replaced }) => replaced?.includes(id));
      if (by === undefined) this.#dropElsewhere(id, name, order.reached + 1);
      else {
        this.parts.onReplaced(id, name);
        this.#end(id, name, by.generation, 'tab', 'reembed', liveRecords(by));
      }
    }
  }
}
