import { afterEach, describe, expect, it } from 'vitest';
import { buildingName } from './building.js';
import { CONFIG, commitOn, deadBits, page, type StorageKind, uniqueStoreName } from './storage.contract.js';
import { type CollectionRow, GenerationConflict, type Storage } from './storage.js';

/** A collection with one segment. */
export async function collectionWith(storage: Storage, name: string, data: number): Promise<CollectionRow> {
  const row = await storage.createCollection({ ...CONFIG, name });
  const pages = [page(0, 'vectors', 0, new Uint8Array(40).fill(data))];
  const commit = commitOn(row, { pages, rowStates: [deadBits(0, 0, 1)] });
  await storage.commit(commit);
  return commit.next;
}

/** `by`, in the place of `old`. */
export function inPlaceOf(old: CollectionRow, by: CollectionRow): CollectionRow {
  const generation = Math.max(old.generation, by.generation) + 1;
  return { ...by, config: old.config, generation, replaced: [old.id] };
}

/** One collection takes another's place. */
export function describeReplacing(kind: StorageKind): void {
  describe(`replacing a collection: ${kind.name}`, () => {
    const opened: Storage[] = [];

    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.destroy();
    });

    async function openTwoCollections() {
      const storage = kind.connect(uniqueStoreName());
      await storage.open();
      opened.push(storage);
      const old = await collectionWith(storage, CONFIG.name, 1);
      const by = await collectionWith(storage, buildingName(CONFIG.name), 2);
      return { storage, old, by, next: inPlaceOf(old, by) };
    }

    it('E8 puts the other one there, and nothing of the old one stays', async () => {
      const { storage, old, by, next } = await openTwoCollections();
      expect((await storage.readCollections()).map(({ id }) => id)).toEqual([old.id]);
      await storage.replaceCollection({ old, by, next });
      expect(await storage.readCollection(CONFIG.name)).toEqual(next);
      expect(await storage.readCollection(by.config.name)).toBeUndefined();
      expect(await storage.readCollections()).toEqual([next]);
      expect((await storage.readPages(by.id, 0, 'vectors', 0, 1))[0]).toEqual(new Uint8Array(40).fill(2));
      expect((await storage.readGeneration(CONFIG.name))?.rowStates).toEqual([deadBits(0, 0, 1)]);
      await expect(storage.readPages(old.id, 0, 'vectors', 0, 1)).rejects.toMatchObject({ code: 'CORRUPT' });
      expect(await storage.readRowStates(old.id, [0])).toEqual([]);
      await storage.commit(commitOn(next, { pages: [page(1, 'ids', 0)] }));
      await storage.replaceCollection({ old, by, next });
      expect((await storage.readCollection(CONFIG.name))!.generation).toBe(next.generation + 1);
    });

    it('E8 changes nothing where either is not as it was seen', async () => {
      for (const changed of ['old', 'by'] as const) {
        const { storage, next, ...rows } = await openTwoCollections();
        await storage.commit(commitOn(rows[changed], { pages: [page(1, 'ids', 0)] }));
        await expect(storage.replaceCollection({ ...rows, next })).rejects.toThrow(GenerationConflict);
        expect((await storage.readCollection(CONFIG.name))!.id).toBe(rows.old.id);
        expect((await storage.readPages(rows.old.id, 0, 'vectors', 0, 1))[0]![0]).toBe(1);
        expect((await storage.readCollection(rows.by.config.name))!.id).toBe(rows.by.id);
        await storage.dropCollection(rows[changed].config.name);
        await expect(storage.replaceCollection({ ...rows, next })).rejects.toThrow(GenerationConflict);
      }
    });

    it('E9 one is embedded anew at a time, and who waits can be aborted', async () => {
      const { storage } = await openTwoCollections();
      const { signal } = new AbortController();
      let end = () => {};
      let begin = () => {};
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const task = () =>
        new Promise<void>((resolve) => {
          end = resolve;
          begin();
        });
      const first = storage.reembedLock(task, signal);
      await begun;
      const controller = new AbortController();
      const second = storage.reembedLock(async () => 'second', controller.signal);
      const third = storage.reembedLock(async () => 'third', signal);
      controller.abort();
      await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
      end();
      await first;
      expect(await third).toBe('third');
    });
  });
}
