import type { ChangeEvent } from '../../shared/types.js';
import { CONFIG, callOptions, clientOf, openEngine } from '../collection/engine.contract.js';
import { droppedError } from '../collection/state.js';
import { pause } from '../slices.js';
import type { Storage } from '../storage/storage.js';
import type { Announcement, Announcements } from './announcements.js';
import { Tabs } from './tabs.js';

// What tests of several tabs share: a channel between them that can be deaf or slow, and a tab as a store makes it.

export type Hub = ReturnType<typeof hub>;

/** Messages come a task later, in order, as copies; not to their sender. */
export function hub() {
  const members = new Set<(announcement: Announcement) => void>();
  let held: (() => void)[] | undefined;
  const self = {
    /** What is posted now is lost. */
    deaf: false,
    /** Messages wait for `release`. */
    hold() {
      held = [];
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const deliver of waiting) deliver();
    },
    /** When what was posted has been heard and followed. */
    async delivered() {
      for (let turn = 0; turn < 20; turn++) await pause();
    },
    join(): Announcements {
      let own: (announcement: Announcement) => void = () => {};
      return {
        post: (announcement) => {
          if (self.deaf) return;
          const copy = structuredClone(announcement);
          const deliver = () => {
            for (const member of members) if (member !== own) member(copy);
          };
          if (held === undefined) void pause().then(deliver);
          else held.push(deliver);
        },
        listen: (listener) => {
          own = listener;
          members.add(listener);
        },
        close: () => members.delete(own),
      };
    },
  };
  return self;
}

/** A tab: one engine with a memory of its own, and what connects it with others. */
export async function openTab(
  storage: Storage,
  announcements: Announcements | undefined,
  { isOpen = true } = {},
) {
  const events: ChangeEvent[] = [];
  const dropped: string[] = [];
  const replaced: string[] = [];
  let isDestroyed = false;
  let onEvent: () => unknown = () => {};
  const row = await storage.createCollection(CONFIG);
  const opening = openEngine(storage, CONFIG, undefined, undefined, undefined, {
    onCommit: (generation, made) => tabs.committed(row.id, CONFIG.name, generation, made),
    emittedUpTo: (generation) => tabs.emittedUpTo(row.id, generation),
  });
  const tabs: Tabs = new Tabs({
    storage,
    announcements,
    collection: (id) => (isOpen && id === row.id ? opening.then(({ engine }) => engine) : undefined),
    emit: (event) => {
      events.push(event);
      onEvent();
    },
    onDropped: (_, name) => dropped.push(name),
    onReplaced: (_, name) => replaced.push(name),
    onDestroyed: () => {
      isDestroyed = true;
    },
  });
  if (isOpen) tabs.opened(row);
  const { engine } = await opening;
  return {
    engine,
    client: clientOf(engine),
    tabs,
    events,
    dropped,
    replaced,
    isDestroyed: () => isDestroyed,
    onEvent: (listener: () => unknown) => {
      onEvent = listener;
    },
    optimize: () => engine.optimize(callOptions()),
    drop: async () => {
      const found = (await storage.readCollection(CONFIG.name))!;
      await storage.dropCollection(CONFIG.name);
      tabs.dropped(found);
    },
    close: () => {
      tabs.close();
      engine.close(droppedError(CONFIG.name));
    },
  };
}
