import { expect, it } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import type { CollectionConfig, Progress } from '../../shared/types.js';
import type { PlainRecord } from '../collection/engine.contract.js';
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
import { FRAME, OPTIONAL } from './backup-format.js';
import { ChunkQueue } from './chunk-queue.js';
import { emptyFrame, FrameWriter, fileHead } from './frame-writer.js';
import { packRecordsFrame, unpackRecordsFrame } from './records-frame.js';

const WIDE: CollectionConfig = { name: 'wide', dimension: 1024, metric: 'l2' };

/** 24 MB: a commit of five frames and one of the rest. */
async function wideStore() {
  const store = await openMemoryStore();
  const records = Array.from({ length: 6_000 }, (_, i): PlainRecord => {
    return { id: `w${i}`, vector: new Float32Array(1024).fill(i) };
  });
  await upsertIn(store, WIDE, records);
  return store;
}

it('B2 B4 a stream that breaks off: what was committed stays, and the error says how many records', async () => {
  const source = await wideStore();
  const bytes = await exportBytes(source);
  const store = await openMemoryStore();
  const chunks = new ChunkQueue();
  const options = {
    onConflict: 'error' as const,
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  const importing = store.importBackup(chunks, options);
  void (async () => {
    await chunks.push(bytes.slice(0, bytes.length - 100), undefined);
    await chunks.push(undefined, 'the network is down');
  })();
  const error = await importing.catch((error: unknown) => error as VectorStoreError);
  const stayed = await (await openIn(store, WIDE)).count(undefined);
  expect(stayed).toBeGreaterThan(4_000);
  expect(stayed).toBeLessThan(6_000);
  expect(error).toBeInstanceOf(VectorStoreError);
  expect(error).toMatchObject({ code: 'CORRUPT' });
  expect((error as Error).message).toContain('the network is down');
  expect((error as Error).message).toContain(`${stayed} records`);

  // Nothing of a Blob is written where its end is missing; with 'skip' the import goes on where it ended.
  await expect(importBlob(store, bytes.slice(0, -4), { onConflict: 'skip' })).rejects.toMatchObject({
    code: 'CORRUPT',
  });
  expect(await (await openIn(store, WIDE)).count(undefined)).toBe(stayed);
  expect(await importBlob(store, bytes, { onConflict: 'skip' })).toMatchObject({
    imported: 6_000 - stayed,
    skipped: stayed,
  });
  expect(await contentsOf(store)).toEqual(await contentsOf(source));
  await Promise.all([source.close(), store.close()]);
});

it('B4 progress is in bytes, up to the end; a signal ends an import between two commits', async () => {
  const source = await wideStore();
  const bytes = await exportBytes(source);
  const store = await openMemoryStore();
  const seen: Progress[] = [];
  const controller = new AbortController();
  const onProgress = (progress: Progress) => {
    seen.push(progress);
    // The first commit of the second pass.
    if (progress.done > bytes.length) controller.abort('enough');
  };
  const error = await importBlob(store, bytes, { signal: controller.signal, onProgress }).catch(
    (error: unknown) => error as VectorStoreError,
  );
  const stayed = await (await openIn(store, WIDE)).count(undefined);
  expect(stayed).toBeGreaterThan(0);
  expect(stayed).toBeLessThan(6_000);
  expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' });
  expect((error as Error).message).toContain(`${stayed} records`);

  seen.length = 0;
  const other = await openMemoryStore();
  await importBlob(other, bytes, { onProgress: (progress) => seen.push(progress) });
  const dones = seen.map(({ done }) => done);
  expect(dones).toEqual([...dones].sort((a, b) => a - b));
  expect(seen.at(-1)).toEqual({ done: 2 * bytes.length, total: 2 * bytes.length });
  expect(seen.length).toBeGreaterThan(8);

  const early = new AbortController();
  early.abort();
  const third = await openMemoryStore();
  for (const importAs of [
    importBlob(third, bytes, { signal: early.signal }),
    importStream(third, bytes, 1e6, { signal: early.signal }),
  ]) {
    await expect(importAs).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringContaining('Nothing'),
    });
  }
  expect(await third.listCollections()).toEqual([]);
  await Promise.all([source.close(), store.close(), other.close(), third.close()]);
});

const NOTES: CollectionConfig = { name: 'notes', dimension: 2, metric: 'cosine' };

/** The parts of a file with two records, made anew with other frames. */
async function fileWith(change: (frames: { type: number; frame: Uint8Array<ArrayBuffer> }[]) => void) {
  const store = await openMemoryStore();
  await upsertIn(store, NOTES, [
    { id: 'a', vector: [1, 2], metadata: { n: 1 } },
    { id: 'b', vector: [3, 4], text: 'b' },
  ]);
  const bytes = await exportBytes(store);
  await store.close();
  const frames = framesOf(bytes).map(([start, end]) => ({
    type: new DataView(bytes.buffer).getUint32(start, true),
    frame: bytes.slice(start, end) as Uint8Array<ArrayBuffer>,
  }));
  change(frames);
  const writer = new FrameWriter();
  return Buffer.concat([fileHead(), ...frames.map(({ type, frame }) => writer.seal(type, frame))]);
}

it('B3 frames of an unknown type: optional ones are passed over, others are FORMAT_TOO_NEW', async () => {
  const [optional, needed] = await Promise.all(
    [OPTIONAL + 99, 99].map((type) =>
      fileWith((frames) => frames.splice(2, 0, { type, frame: emptyFrame(10) })),
    ),
  );
  const store = await openMemoryStore();
  await expect(importBlob(store, needed!)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
  expect(await store.listCollections()).toEqual([]);
  expect(await importBlob(store, optional!)).toMatchObject({ imported: 2 });
  await store.close();
});

it('B3 a file of a later version is FORMAT_TOO_NEW, one that is none is CORRUPT', async () => {
  const store = await openMemoryStore();
  const file = await fileWith(() => {});
  file[8] = 2;
  await expect(importBlob(store, file)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
  for (const other of [new Uint8Array(0), new TextEncoder().encode('{"not": "a backup", "but": "JSON"}')]) {
    await expect(importBlob(store, other)).rejects.toMatchObject({ code: 'CORRUPT' });
    await expect(importStream(store, other, 5)).rejects.toMatchObject({ code: 'CORRUPT' });
  }
  await store.close();
});

it('B3 records are checked as those of a write, although their checksum is right', async () => {
  const forged = (change: (columns: ReturnType<typeof unpackRecordsFrame>) => void) =>
    fileWith((frames) => {
      const records = frames.find(({ type }) => type === FRAME.records)!;
      const columns = unpackRecordsFrame(records.frame.slice(12), 2);
      change(columns);
      records.frame = packRecordsFrame(columns);
    });
  const cases: [string, string, (columns: ReturnType<typeof unpackRecordsFrame>) => void][] = [
    ['NaN', 'INVALID_ARGUMENT', ({ vectors }) => vectors.set([Number.NaN], 1)],
    ['a zero vector', 'INVALID_ARGUMENT', ({ vectors }) => vectors.fill(0, 0, 2)],
    ['an empty id', 'INVALID_ARGUMENT', ({ ids }) => ids.offsets.set([0, 0, 2])],
    ['an id twice', 'DUPLICATE_ID', ({ ids }) => ids.bytes.fill(0x61)],
    ['bytes that are no UTF-8', 'CORRUPT', ({ ids }) => ids.bytes.fill(0xff)],
    ['metadata that is no JSON', 'CORRUPT', ({ metadata }) => metadata.bytes.fill(0x7b)],
    // `{"n":1}` becomes `[[[1]]]`.
    [
      'metadata that is no object',
      'INVALID_ARGUMENT',
      ({ metadata }) => metadata.bytes.set(new TextEncoder().encode('[[[1]]]')),
    ],
  ];
  for (const [what, code, change] of cases) {
    const store = await openMemoryStore();
    await expect(importBlob(store, await forged(change)), what).rejects.toMatchObject({ code });
    expect(await store.listCollections(), what).toEqual([]);
    await expect(importStream(store, await forged(change), 50), what).rejects.toMatchObject({ code });
    await store.close();
  }
  const pollution = await fileWith((frames) => {
    const records = frames.find(({ type }) => type === FRAME.records)!;
    const { ids, texts, vectors } = unpackRecordsFrame(records.frame.slice(12), 2);
    const bytes = new TextEncoder().encode('{"__proto__":{"polluted":1}}');
    const metadata = { bytes, offsets: Uint32Array.of(0, bytes.length, bytes.length) };
    records.frame = packRecordsFrame({ ids, metadata, texts, vectors });
  });
  const store = await openMemoryStore();
  await expect(importBlob(store, pollution)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await store.close();
});

it('B3 an id that two frames have is refused before anything is written', async () => {
  const file = await fileWith((frames) => {
    const at = frames.findIndex(({ type }) => type === FRAME.records);
    frames.splice(at, 0, { ...frames[at]!, frame: frames[at]!.frame.slice() });
    const json = new TextEncoder();
    for (const each of frames) {
      const text = new TextDecoder().decode(each.frame.subarray(12)).replace('"records":2', '"records":4');
      if (each.type !== FRAME.records) each.frame.set(json.encode(text), 12);
    }
  });
  for (const onConflict of ['replace', 'skip', 'error'] as const) {
    const store = await openMemoryStore();
    await expect(importBlob(store, file, { onConflict })).rejects.toMatchObject({ code: 'DUPLICATE_ID' });
    expect(await store.listCollections()).toEqual([]);
    await store.close();
  }
});

it('B1 parts are made one by one, as they are asked for', async () => {
  const store = await wideStore();
  let read = 0;
  const readPages = store.storage.readPages.bind(store.storage);
  store.storage.readPages = (...args) => {
    if (args[2] === 'vectors') read++;
    return readPages(...args);
  };
  const ended = new AbortController();
  const { parts, expectedBytes } = await store.beginExport(undefined, ended.signal);
  const readAt: number[] = [];
  let bytes = 0;
  for await (const part of parts) {
    readAt.push(read);
    bytes += part.length;
  }
  ended.abort();
  // File head, two heads, then a frame from each page of 4 MiB or the next, and the end.
  expect(readAt.slice(0, 3)).toEqual([0, 0, 0]);
  for (const [frame, pages] of readAt.slice(3, -1).entries()) expect(pages).toBeLessThanOrEqual(frame + 2);
  expect(Math.abs(expectedBytes / bytes - 1)).toBeLessThan(0.05);
  expect((await exportParts(store)).length).toBe(readAt.length);
  await store.close();
});

it('N1 B2 an import keeps to maxRecords', async () => {
  const small: CollectionConfig = { name: 'small', dimension: 1, metric: 'l2' };
  const records = Array.from({ length: 5 }, (_, i): PlainRecord => ({ id: `s${i}`, vector: [i] }));
  const source = await openMemoryStore();
  await upsertIn(source, small, records);
  const store = await openMemoryStore();
  const unset = { embeddingSpace: undefined, embedder: undefined, quantization: undefined };
  await store.openCollection({ ...small, ...unset, maxRecords: 3 });
  expect(await importBlob(store, await exportBytes(source))).toMatchObject({ imported: 5 });
  const [kept] = await contentsOf(store);
  expect(kept!.ids).toEqual(['s2', 's3', 's4']);
});
