import { expect, it } from 'vitest';
import { packStrings } from '../../shared/string-column.js';
import type { Progress } from '../../shared/types.js';
import { callOptions, clientOf, type OpenedEngine, openEngine } from '../collection/engine.contract.js';
import { buildingName } from '../storage/building.js';
import { MemoryStorage } from '../storage/memory-storage.js';
import { RawStorage } from '../storage/raw-storage.contract.js';
import { GenerationConflict } from '../storage/storage.js';

// Engines on one storage: each has a memory of its own of what is on disk, as another tab has, or a worker after a kill.

const OLD = { name: 'notes', dimension: 2, metric: 'dot', embeddingSpace: 'old' } as const;
const NEW = { ...OLD, name: buildingName('notes'), dimension: 3, embeddingSpace: 'new' };

const open = (storage: MemoryStorage, config: typeof OLD | typeof NEW) => openEngine(storage, config);

/** A record's number is the first of its old vector, and in its text; the new one begins with its negative. */
async function writeTexts({ engine }: OpenedEngine, from: number, to: number) {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const records = {
    ids: packStrings(numbers.map((n) => `r${n}`)),
    vectors: Float32Array.from(numbers.flatMap((n) => [n, 1])),
    toEmbed: [],
    metadata: undefined,
    texts: packStrings(numbers.map((n) => `text ${n}`)),
  };
  await engine.upsert(records, 'upsert', 'disk', callOptions());
}

function newModel(dieAt = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const embed = async (texts: readonly string[]) => {
    if (asked.length + texts.length > dieAt) throw new Error('killed');
    asked.push(...texts);
    return Float32Array.from(texts.flatMap((text) => [-Number(text.slice(5)), 0, 1]));
  };
  return { embed, asked };
}

const namesOf = async (storage: MemoryStorage) => {
  const rows = await Promise.all([OLD.name, NEW.name].map((name) => storage.readCollection(name)));
  return rows.map((row) => row?.config.embeddingSpace);
};

it('E9 killed at any commit, it goes on from there, also with what has changed since', async () => {
  const TEXTS = 1_300;
  for (const dieAt of [0, 512, 1_024]) {
    const storage = new MemoryStorage();
    const opened = await open(storage, OLD);
    await writeTexts(opened, 0, TEXTS);
    const first = newModel(dieAt);
    const killed = await open(storage, NEW);
    await expect(opened.engine.reembedInto(killed.engine, first.embed, callOptions())).rejects.toThrow(
      'killed',
    );
    expect(first.asked).toHaveLength(dieAt);
    expect(await namesOf(storage)).toEqual(['old', 'new']);

    const again = await open(storage, OLD);
    await clientOf(again.engine).deleteIds(['r3', 'r1299']);
    await writeTexts(again, 5_000, 5_001);
    await again.engine.optimize(callOptions());
    const second = newModel();
    const progress: Progress[] = [];
    const options = { ...callOptions(), onProgress: (each: Progress) => progress.push(each) };
    const building = await open(storage, NEW);
    const { next } = await again.engine.reembedInto(building.engine, second.embed, options);
    const gone = dieAt === 0 ? 2 : 1;
    expect(second.asked).toHaveLength(TEXTS - dieAt + 1 - gone);
    expect(progress.at(-1)).toEqual({ done: TEXTS - 1, total: TEXTS - 1 });
    expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).sort((a, b) => a - b));
    expect(await namesOf(storage)).toEqual(['new', undefined]);
    expect(next.config).toEqual({ ...NEW, name: 'notes' });

    const after = (await open(storage, OLD)).engine;
    expect(await after.count(undefined)).toBe(TEXTS - 1);
    const { found, records } = await after.get(['r0', 'r3', 'r700', 'r1299', 'r5000'], true);
    expect(found).toEqual([true, false, true, false, true]);
    expect(records.vectors).toEqual(Float32Array.of(-0, 0, 1, -700, 0, 1, -5_000, 0, 1));
  }
});

it('E8 the order of age stays: the oldest are evicted first', async () => {
  const storage = new MemoryStorage();
  const opened = await open(storage, OLD);
  await writeTexts(opened, 0, 2);
  await writeTexts(opened, 2, 4);
  await clientOf(opened.engine).setMetadata({ r0: {} });
  const building = await open(storage, NEW);
  await opened.engine.reembedInto(building.engine, newModel().embed, callOptions());
  const after = await openEngine(storage, OLD, undefined, undefined, undefined, { maxRecords: 3 });
  const written = await after.engine.upsert(
    {
      ids: packStrings(['new']),
      vectors: Float32Array.of(1, 2, 3),
      toEmbed: [],
      metadata: undefined,
      texts: undefined,
    },
    'upsert',
    'disk',
    callOptions(),
  );
  expect(written.evicted).toBe(2);
  expect((await clientOf(after.engine).list({ limit: 10 })).ids).toEqual(['new', 'r0', 'r3']);
});

it('E8 a tab that writes all the time is waited for, and nothing of it is lost', async () => {
  const storage = new MemoryStorage();
  const opened = await open(storage, OLD);
  await writeTexts(opened, 0, 10);
  const other = await open(storage, OLD);
  const model = newModel();
  let written = 0;
  const write = async (): Promise<void> => {
    await writeTexts(other, 100 + written, 101 + written);
    written++;
  };
  const embed = async (texts: readonly string[]) => {
    // While the writers wait this would wait for itself.
    if (written < 7) await write();
    else void write().catch(() => undefined);
    return model.embed(texts);
  };
  const building = await open(storage, NEW);
  const { next } = await opened.engine.reembedInto(building.engine, embed, callOptions());
  const after = clientOf((await open(storage, OLD)).engine);
  const { ids } = await after.list({ limit: 1_000 });
  expect(ids).toEqual(expect.arrayContaining(['r0', 'r9', 'r100', 'r106']));
  expect(next.segments.reduce((sum, { rows, dead = 0 }) => sum + rows - dead, 0)).toBe(ids.length);
  await expect(writeTexts(other, 500, 501)).rejects.toMatchObject({
    code: 'CONFIG_MISMATCH',
    message: expect.stringContaining('embedded anew'),
  });
});

it('E8 without locks, a write of another tab just before the swap is caught up with', async () => {
  const storage = new MemoryStorage();
  const opened = await open(storage, OLD);
  await writeTexts(opened, 0, 10);
  const other = await open(storage, OLD);
  const replace = storage.replaceCollection.bind(storage);
  let conflicts = 0;
  storage.exclusively = (task) => task();
  storage.replaceCollection = async (replacement) => {
    if (conflicts < 2) await writeTexts(other, 100 + conflicts, 101 + conflicts);
    await replace(replacement).catch((error: unknown) => {
      expect(error).toBeInstanceOf(GenerationConflict);
      conflicts++;
      throw error;
    });
  };
  const building = await open(storage, NEW);
  await opened.engine.reembedInto(building.engine, newModel().embed, callOptions());
  expect(conflicts).toBe(2);
  const after = clientOf((await open(storage, OLD)).engine);
  expect((await after.list({ limit: 100 })).ids).toHaveLength(12);
});

it('E10 what a server knows is refused before anything is embedded', async () => {
  const storage = new MemoryStorage();
  const opened = await open(storage, OLD);
  await writeTexts(opened, 0, 10);
  const descriptor = { id: 'a'.repeat(32), shards: 1, config: {} } as never;
  await opened.engine.mirror.begin(descriptor, 0);
  const model = newModel();
  const building = await open(storage, NEW);
  await expect(opened.engine.reembedInto(building.engine, model.embed, callOptions())).rejects.toMatchObject({
    code: 'CONFIG_MISMATCH',
    message: expect.stringContaining('synced'),
  });
  expect([model.asked, (await namesOf(storage))[0]]).toEqual([[], 'old']);
});

it('E10 what has quarantined segments is refused, and the building is left for the next call', async () => {
  const storage = new RawStorage();
  const opened = await open(storage, OLD);
  await writeTexts(opened, 0, 10);
  await writeTexts(opened, 10, 20);
  const page = storage.pages.get('1/0/ids/0') as { bytes: Uint8Array<ArrayBuffer> };
  page.bytes = page.bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
  const again = await open(storage, OLD);
  const model = newModel();
  const building = await open(storage, NEW);
  const reembed = () => again.engine.reembedInto(building.engine, model.embed, callOptions());
  await expect(reembed()).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('1 quarantined segment(s)'),
  });
  expect(model.asked).toEqual([]);
  expect(again.quarantines).toMatchObject([{ records: 10 }]);
  await again.engine.discardQuarantined(callOptions());
  await reembed();
  expect(model.asked).toHaveLength(10);
  expect(await namesOf(storage)).toEqual(['new', undefined]);
});
