import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { encodeMetadata } from '../../shared/metadata-check.js';
import type { CollectionConfig } from '../../shared/types.js';
import { callOptions, type PlainRecord, packRecords } from '../collection/engine.contract.js';
import { RELEASE } from '../release.js';
import {
  contentsOf,
  exportBytes,
  exportParts,
  framesOf,
  importBlob,
  importStream,
  openIn,
  openMemoryStore,
  upsertIn,
} from './backup.contract.js';

const NOTES: CollectionConfig = { name: 'notes', dimension: 2, metric: 'l2' };

function notes(from: number, to: number, x = 1): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => ({ id: `n${from + i}`, vector: [x, from + i] }));
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const config = fc.record(
  {
    dimension: fc.integer({ min: 1, max: 9 }),
    metric: fc.constantFrom('cosine', 'dot', 'l2'),
    embeddingSpace: text,
    conflict: fc.constant('compare-and-set' as const),
  },
  { requiredKeys: ['dimension', 'metric'] },
);
/** What collections take: JSON without reserved names. */
const storable = fc
  .jsonValue({ maxDepth: 2 })
  .filter((value) => encodeMetadata({ value }).json !== undefined);
const plainRecords = (dimension: number) =>
  fc.uniqueArray(
    fc.record(
      {
        id: text,
        vector: fc.array(fc.float({ min: Math.fround(0.01), max: Math.fround(1e6), noNaN: true }), {
          minLength: dimension,
          maxLength: dimension,
        }),
        metadata: fc.dictionary(fc.constantFrom('a', 'b.c', 'ü', ''), storable),
        text,
      },
      { requiredKeys: ['id', 'vector'] },
    ),
    { selector: ({ id }) => id, maxLength: 30 },
  );
const collections = fc.uniqueArray(
  config.chain((each) =>
    fc.tuple(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,9}$/),
      fc.constant(each),
      plainRecords(each.dimension),
    ),
  ),
  { selector: ([name]) => name, maxLength: 4 },
);

describe('round trip', () => {
  it('B1 B2 what was exported is imported: any collections, bit for bit, from a Blob or a stream', async () => {
    await fc.assert(
      fc.asyncProperty(collections, fc.integer({ min: 1, max: 300 }), async (filled, chunkBytes) => {
        const [store, other, third] = [
          await openMemoryStore(),
          await openMemoryStore(),
          await openMemoryStore(),
        ];
        for (const [name, config, records] of filled) {
          await upsertIn(store, { name, ...config } as CollectionConfig, records as PlainRecord[]);
        }
        const bytes = await exportBytes(store);
        const records = filled.reduce((sum, [, , each]) => sum + each.length, 0);
        const result = { collections: filled.length, imported: records, replaced: 0, skipped: 0 };
        expect(await importBlob(other, bytes)).toEqual(result);
        expect(await importStream(third, bytes, chunkBytes)).toEqual(result);
        const contents = await contentsOf(store);
        expect(await contentsOf(other)).toEqual(contents);
        expect(await contentsOf(third)).toEqual(contents);
        for (const each of [store, other, third]) await each.close();
      }),
      { numRuns: 30 },
    );
  }, 120_000);

  it('B1 replaced and deleted records are left out, over many segments and frames', async () => {
    const store = await openMemoryStore();
    const config = { ...NOTES, dimension: 256 };
    const wide = (from: number, to: number, x: number): PlainRecord[] =>
      notes(from, to).map(({ id }, i) => ({
        id,
        vector: Float32Array.from({ length: 256 }, (_, d) => x + d + i),
        metadata: i % 3 === 0 ? { i, x } : undefined,
        text: i % 5 === 0 ? `text ${i}` : undefined,
      }));
    const engine = await upsertIn(store, config, wide(0, 9_000, 0));
    await upsertIn(store, config, wide(4_000, 6_000, 1));
    await upsertIn(store, config, wide(8_990, 9_020, 2));
    await engine.delete({ ids: ['n0', 'n4500', 'n9001'] }, 'disk', callOptions());
    const parts = await exportParts(store);
    // 9 MB of vectors: three frames of records, none above 4 MiB.
    expect(parts).toHaveLength(1 + 1 + 1 + 3 + 1);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual((4 << 20) + 1024);
    const other = await openMemoryStore();
    const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
    expect(await importBlob(other, bytes)).toMatchObject({ imported: 9_017 });
    expect(await contentsOf(other)).toEqual(await contentsOf(store));
    await Promise.all([store.close(), other.close()]);
  });

  it('B1 a record that is larger than a frame has one of its own', async () => {
    const store = await openMemoryStore();
    const large = 'ä'.repeat(3 << 20);
    await upsertIn(store, NOTES, [
      ...notes(0, 3),
      { id: 'large', vector: [1, 2], text: large },
      ...notes(3, 6),
    ]);
    const other = await openMemoryStore();
    await importStream(other, await exportBytes(store), 1 << 16);
    expect(await contentsOf(other)).toEqual(await contentsOf(store));
    await Promise.all([store.close(), other.close()]);
  });

  it('B1 some collections alone; one that is not there is refused', async () => {
    const store = await openMemoryStore();
    for (const name of ['a', 'b', 'c']) await upsertIn(store, { ...NOTES, name }, notes(0, 2));
    const other = await openMemoryStore();
    expect(await importBlob(other, await exportBytes(store, ['c', 'a', 'c']))).toMatchObject({
      collections: 2,
    });
    expect((await other.listCollections()).map(({ name }) => name)).toEqual(['a', 'c']);
    await expect(exportBytes(store, ['a', 'd'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await Promise.all([store.close(), other.close()]);
  });

  it('B1 the head names store, time, release and collections', async () => {
    const store = await openMemoryStore('shop');
    const space = { ...NOTES, embeddingSpace: 'm1' };
    await upsertIn(store, space, notes(0, 3));
    const before = new Date().toISOString();
    const bytes = await exportBytes(store);
    const frames = framesOf(bytes).map(([start, end]) => bytes.subarray(start + 12, end));
    const [head, collection, , end] = frames.map((frame) => new TextDecoder().decode(frame));
    expect(JSON.parse(head!)).toEqual({
      store: 'shop',
      createdAt: expect.any(String),
      writer: `nearshore ${packageJson.version}`,
      collections: [space],
    });
    expect(RELEASE).toBe(packageJson.version);
    expect(JSON.parse(head!).createdAt >= before).toBe(true);
    expect(JSON.parse(collection!)).toEqual({ ...space, generation: 1, records: 3 });
    expect(JSON.parse(end!)).toEqual({ collections: 1, records: 3 });
    // Numbers are aligned in the file.
    expect(framesOf(bytes).every(([start]) => start % 4 === 0)).toBe(true);
    await store.close();
  });

  it('S13 a whole export is noted as the last backup once its last part was taken; a part of the store is not', async () => {
    const store = await openMemoryStore();
    for (const name of ['a', 'b']) await upsertIn(store, { ...NOTES, name }, notes(0, 2));
    const lastBackup = async () => (await store.storage.readStore()).lastBackup;
    await exportBytes(store, ['a']);
    const ended = new AbortController();
    const { parts } = await store.beginExport(undefined, ended.signal);
    for (let i = 0; i < 7; i++) expect((await parts.next()).done).toBe(false);
    expect(await lastBackup()).toBeUndefined();
    const before = Date.now();
    expect((await parts.next()).done).toBe(true);
    expect(await lastBackup()).toBeGreaterThanOrEqual(before);
    ended.abort();
    await store.close();
  });
});

describe('what is there', () => {
  it("B2 onConflict: 'replace', 'skip' and 'error'", async () => {
    const source = await openMemoryStore();
    await upsertIn(source, NOTES, notes(0, 10, 5));
    const bytes = await exportBytes(source);
    for (const importAs of [
      importBlob,
      (...args: Parameters<typeof importBlob>) => importStream(args[0], args[1], 99, args[2]),
    ]) {
      const store = await openMemoryStore();
      const engine = await upsertIn(store, NOTES, notes(8, 12, 7));
      const before = await contentsOf(store);

      await expect(importAs(store, bytes, { onConflict: 'error' })).rejects.toMatchObject({
        code: 'DUPLICATE_ID',
        problems: [{ id: 'n8' }, { id: 'n9' }],
      });
      expect(await contentsOf(store)).toEqual(before);

      expect(await importAs(store, bytes, { onConflict: 'skip' })).toEqual({
        collections: 1,
        imported: 8,
        replaced: 0,
        skipped: 2,
      });
      const xOf = async (id: string) => (await engine.get([id], true)).records.vectors?.[0];
      expect([await xOf('n0'), await xOf('n8'), await xOf('n11')]).toEqual([5, 7, 7]);

      expect(await importAs(store, bytes, { onConflict: 'replace' })).toEqual({
        collections: 1,
        imported: 0,
        replaced: 10,
        skipped: 0,
      });
      expect([await xOf('n0'), await xOf('n8'), await xOf('n11')]).toEqual([5, 5, 7]);

      const { generation } = await engine.stats();
      expect(await importAs(store, bytes, { onConflict: 'skip' })).toMatchObject({
        imported: 0,
        skipped: 10,
      });
      expect((await engine.stats()).generation).toBe(generation);
      await store.close();
    }
    await source.close();
  });

  it('B2 another dimension, metric or embedding space changes nothing, not even of the collections before it', async () => {
    const source = await openMemoryStore();
    await upsertIn(source, { ...NOTES, name: 'a' }, notes(0, 3));
    await upsertIn(source, { ...NOTES, name: 'b', embeddingSpace: 'm1' }, notes(0, 3));
    const bytes = await exportBytes(source);
    for (const other of [{ dimension: 3 }, { metric: 'dot' as const }, { embeddingSpace: 'm2' }]) {
      for (const importAs of [
        importBlob,
        (...args: Parameters<typeof importBlob>) => importStream(args[0], args[1], 50, args[2]),
      ]) {
        const store = await openMemoryStore();
        await openIn(store, { ...NOTES, name: 'b', embeddingSpace: 'm1', ...other });
        const before = await contentsOf(store);
        await expect(importAs(store, bytes)).rejects.toMatchObject({ code: 'CONFIG_MISMATCH' });
        expect(await contentsOf(store)).toEqual(before);
        await store.close();
      }
    }
    await source.close();
  });
});

describe('while it is under way', () => {
  it('B1 each collection is as it was when the export began, whatever is written meanwhile', async () => {
    const store = await openMemoryStore();
    const a = await upsertIn(store, { ...NOTES, name: 'a' }, notes(0, 100));
    const b = await upsertIn(store, { ...NOTES, name: 'b' }, notes(0, 100));
    const before = await contentsOf(store);
    const ended = new AbortController();
    const { parts } = await store.beginExport(undefined, ended.signal);
    const taken: Uint8Array[] = [];
    for (let i = 0; ; i++) {
      const { value, done } = await parts.next();
      if (done) break;
      taken.push(value);
      await a.upsert(packRecords(notes(i, 50, 9), 2), 'upsert', 'disk', callOptions());
      await b.delete({ ids: [`n${i}`, 'n99'] }, 'disk', callOptions());
    }
    ended.abort();
    const other = await openMemoryStore();
    await importBlob(other, new Uint8Array(await new Blob(taken as BlobPart[]).arrayBuffer()));
    expect(await contentsOf(other)).toEqual(before);
    expect(await contentsOf(store)).not.toEqual(before);
    await Promise.all([store.close(), other.close()]);
  });

  it('B1 where a segment is gone for all that, the export says so and gives no wrong file', async () => {
    const store = await openMemoryStore();
    await upsertIn(store, NOTES, notes(0, 50));
    await upsertIn(store, NOTES, notes(50, 99));
    const ended = new AbortController();
    const { parts } = await store.beginExport(undefined, ended.signal);
    await parts.next();
    // As another tab does that has no Web Locks.
    const row = (await store.storage.readCollection('notes'))!;
    const next = { ...row, generation: row.generation + 1, segments: row.segments.slice(1) };
    await store.storage.commit({
      collection: row.id,
      expectedGeneration: row.generation,
      next,
      pages: [],
      rowStates: [],
      removedSegments: row.segments.slice(0, 1),
      durability: 'disk',
    });
    const rest = async () => {
      for await (const _ of parts);
    };
    await expect(rest()).rejects.toMatchObject({
      code: 'STORAGE_BLOCKED',
      message: expect.stringContaining('Another tab'),
    });
    ended.abort();
    const again = await store.beginExport(undefined, new AbortController().signal);
    await store.dropCollection('notes');
    await expect(
      (async () => {
        for await (const _ of again.parts);
      })(),
    ).rejects.toMatchObject({ code: 'CLOSED', message: expect.stringContaining('dropped') });
    await store.close();
  });

  it('B1 maintenance waits until an export has ended', async () => {
    const store = await openMemoryStore();
    await upsertIn(store, NOTES, notes(0, 50));
    const ended = new AbortController();
    const { parts } = await store.beginExport(undefined, ended.signal);
    const log: string[] = [];
    const merging = store.storage.maintenanceLock('exclusive', async () => {
      log.push('merges');
    });
    for await (const _ of parts) log.push('part');
    expect(log).toEqual(['part', 'part', 'part', 'part', 'part']);
    ended.abort();
    await merging;
    await store.close();
  });
});
