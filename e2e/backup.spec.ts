import type { Page } from '@playwright/test';
import { expect, openBlank, test } from './support/api-test.js';

interface Globals {
  store: Awaited<ReturnType<typeof nearshore.openStore>>;
  notes: Awaited<ReturnType<Globals['store']['collection']>>;
  /** Every record of a collection, vectors as bits. */
  contents(notes: Globals['notes']): Promise<string[]>;
  joined(parts: readonly Uint8Array[]): Blob;
  /** What the maintenance lock of the store is held for. */
  held(): Promise<(string | undefined)[]>;
}

/** A page with store `name` open, and `rows` × 64 in it. */
async function openTab(page: Page, rows: number, locks = true): Promise<Page> {
  await openBlank(page);
  await page.evaluate(
    async ([rows, locks]) => {
      const store = await nearshore.openStore('kept', {
        backend: 'js',
        ...(locks ? {} : { worker: () => new Worker('/no-locks-worker.js', { type: 'module' }) }),
      });
      const notes = await store.collection('notes', { dimension: 64, metric: 'l2' });
      const metadata = (i: number) => (i % 3 === 0 ? { i, tags: ['a', 'ü'] } : undefined);
      for (let from = 0; from < rows; from += 5_000) {
        const ids = helpers.ids(Math.min(5_000, rows - from), `r${from}-`);
        await notes.upsert({
          ids,
          vectors: helpers.vectors(ids.length, 64, from + 1),
          metadata: ids.map((_, i) => metadata(i)),
          texts: ids.map((id, i) => (i % 100 === 0 ? `text of ${id}` : undefined)),
        });
      }
      const contents = async (notes: Globals['notes']) => {
        const all: string[] = [];
        for (let cursor: string | undefined; ; ) {
          const page = await notes.list({
            limit: 10_000,
            includeVectors: true,
            ...(cursor ? { cursor } : {}),
          });
          for (const { vector, ...rest } of page.records) {
            all.push(`${JSON.stringify(rest)} ${new Uint32Array(vector!.slice().buffer).join()}`);
          }
          cursor = page.cursor;
          if (cursor === undefined) return all;
        }
      };
      const held = async () => {
        const { held = [] } = await navigator.locks.query();
        return held.filter(({ name }) => name === 'nearshore:kept:maintenance').map(({ mode }) => mode);
      };
      const joined = (parts: readonly Uint8Array[]) => new Blob([...parts] as BlobPart[]);
      Object.assign(globalThis, { store, notes, contents, held, joined });
    },
    [rows, locks] as const,
  );
  return page;
}

test('B1 B2: 20,000 records are exported as they were, while they are written and queried, and imported', async ({
  page,
}) => {
  await openTab(page, 20_000);
  const seen = await page.evaluate(async () => {
    const { store, notes, contents, joined } = globalThis as never as Globals;
    const before = await contents(notes);
    const progress: { done: number; total?: number }[] = [];
    const reader = store.exportStream({ onProgress: (each) => progress.push(each) }).getReader();
    const parts = [(await reader.read()).value!];
    let writes = 0;
    for (let round = 0; ; round++) {
      const [next] = await Promise.all([
        reader.read(),
        notes.upsert({ ids: helpers.ids(50, `r0-${round}`), vectors: helpers.vectors(50, 64, round) }),
        notes.delete({ ids: helpers.ids(20, `r5000-${round}`) }),
        notes.query({ vector: helpers.vectors(1, 64, 3) }),
      ]);
      writes++;
      if (next.done) break;
      parts.push(next.value);
    }
    const file = joined(parts);
    const copy = await nearshore.openStore('copy', { backend: 'js' });
    const imports: { done: number; total?: number }[] = [];
    const result = await copy.import(file, { onProgress: (each) => imports.push(each) });
    const after = await contents(await copy.collection('notes'));
    const same = after.length === before.length && after.every((record, i) => record === before[i]);
    const changed = (await contents(notes)).join() !== before.join();
    const { generation } = await notes.stats();
    const copied = await (await copy.collection('notes')).stats();
    return {
      result,
      same,
      changed,
      isWritten: writes > 3 && generation > 2 * 3,
      progress: [progress.at(-1), file.size],
      isGrowing: progress.every(
        ({ done }, i) => done > (progress[i - 1]?.done ?? 0) || i === progress.length - 1,
      ),
      imports: imports.at(-1),
      segments: copied.segments,
    };
  });
  expect(seen).toMatchObject({
    result: { collections: 1, imported: 20_000, replaced: 0, skipped: 0 },
    same: true,
    changed: true,
    isWritten: true,
    isGrowing: true,
  });
  const [last, size] = seen.progress;
  expect(last).toEqual({ done: size, total: size });
  expect(seen.imports).toEqual({ done: 2 * Number(size), total: 2 * Number(size) });
});

test('B1: one part of the file is on its way at a time, and no more than is read', async ({ page }) => {
  await openTab(page, 40_000);
  const seen = await page.evaluate(async () => {
    const { store } = globalThis as never as Globals;
    const worker = helpers.workers.at(-1)!;
    const arrived: number[] = [];
    worker.addEventListener('message', ({ data }) => {
      const bytes = data.value?.value?.value ?? data.value?.value;
      if (bytes instanceof Uint8Array) arrived.push(bytes.length);
    });
    const reader = store.exportStream().getReader();
    const counts: number[] = [];
    let largest = 0;
    for (let i = 0; i < 5; i++) {
      largest = Math.max(largest, (await reader.read()).value!.length);
      // What the worker would send ahead of being asked would come before this answer.
      await store.listCollections();
      counts.push(arrived.length);
    }
    await reader.cancel();
    return { counts, largest };
  });
  expect(seen.counts).toEqual([1, 2, 3, 4, 5]);
  expect(seen.largest).toBeGreaterThan(3 << 20);
  expect(seen.largest).toBeLessThanOrEqual((4 << 20) + 1024);
});

test('B4: cancelling, aborting, and the end of an export or of its worker let merging go on', async ({
  page,
}) => {
  await openTab(page, 6_000);
  const seen = await page.evaluate(async () => {
    const { store, notes, held } = globalThis as never as Globals;
    const { workers } = helpers;
    const log: unknown[] = [];
    /** Its lock is given back by a message that the page does not wait for. */
    const freed = async () => {
      while ((await held()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await notes.optimize();
    };
    const begun = async (signal?: AbortSignal) => {
      const reader = store.exportStream(signal === undefined ? {} : { signal }).getReader();
      await reader.read();
      log.push(await held());
      return reader;
    };

    await (await begun()).cancel();
    await freed();

    const controller = new AbortController();
    const aborted = await begun(controller.signal);
    controller.abort('enough');
    log.push(await helpers.codeOf(aborted.read()));
    await freed();

    const whileReading = new AbortController();
    const reading = await begun(whileReading.signal);
    const read = reading.read();
    whileReading.abort();
    log.push(await helpers.codeOf(read));
    await freed();

    const before = new AbortController();
    before.abort();
    log.push(await helpers.codeOf(store.exportBlob({ signal: before.signal })));

    const whole = await begun();
    while (!(await whole.read()).done);
    await freed();

    const lost = await begun();
    workers.at(-1)!.terminate();
    log.push(await helpers.codeOf(lost.read()));
    await freed();
    log.push((await store.exportBlob()).size > 6_000 * 64 * 4);

    // Between two parts: the next one is asked of a new worker, which does not know the export.
    const between = await begun();
    const restarts = (await store.status()).workerRestarts;
    workers.at(-1)!.terminate();
    while ((await store.status().catch(() => undefined))?.workerRestarts !== restarts + 1);
    log.push(await helpers.codeOf(between.read()));
    await freed();

    const closed = await begun();
    await store.close();
    log.push(await helpers.codeOf(closed.read()), await held());
    return log;
  });
  expect(seen).toEqual([
    ['shared'],
    ...[['shared'], 'ABORTED'],
    ...[['shared'], 'ABORTED'],
    'ABORTED',
    ['shared'],
    ...[['shared'], 'WORKER_LOST', true],
    ...[['shared'], 'WORKER_LOST'],
    ...[['shared'], 'CLOSED', []],
  ]);
});

test('B1: another tab that merges waits for an export', async ({ context }) => {
  const one = await openTab(await context.newPage(), 6_000);
  const two = await openTab(await context.newPage(), 0);
  await one.evaluate(async () => {
    const { store } = globalThis as never as Globals;
    const reader = store.exportStream().getReader();
    Object.assign(globalThis, { reader, parts: [(await reader.read()).value] });
  });
  await two.evaluate(async () => {
    const { notes } = globalThis as never as Globals;
    await notes.upsert([{ id: 'later', vector: helpers.vectors(1, 64, 9) }]);
    const state = { isDone: false };
    const merging = notes.optimize().then(() => {
      state.isDone = true;
    });
    Object.assign(globalThis, { state, merging });
    // It is in the queue for the lock.
    for (;;) {
      const { pending = [] } = await navigator.locks.query();
      if (pending.some(({ name, mode }) => name === 'nearshore:kept:maintenance' && mode === 'exclusive'))
        return;
    }
  });
  const exported = await one.evaluate(async () => {
    const { notes, contents, joined, reader, parts } = globalThis as never as Globals & {
      reader: ReadableStreamDefaultReader<Uint8Array>;
      parts: Uint8Array[];
    };
    for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
    const copy = await nearshore.openStore('copy', { backend: 'js' });
    await copy.import(joined(parts));
    const ids = (all: string[]) => all.filter((record) => !record.includes('"later"')).join();
    return ids(await contents(await copy.collection('notes'))) === ids(await contents(notes));
  });
  expect(exported).toBe(true);
  const merged = await two.evaluate(async () => {
    const { notes, merging } = globalThis as never as Globals & { merging: Promise<void> };
    await merging;
    return (await notes.stats()).segments;
  });
  expect(merged).toBe(1);
});

test('B1: without Web Locks another tab may merge; then the export fails and says why', async ({
  context,
}) => {
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  const one = await openTab(await context.newPage(), 40_000, false);
  const two = await openTab(await context.newPage(), 0, false);
  await one.evaluate(async () => {
    const { store } = globalThis as never as Globals;
    const reader = store.exportStream().getReader();
    await reader.read();
    Object.assign(globalThis, { reader });
  });
  await two.evaluate(async () => {
    const { notes } = globalThis as never as Globals;
    // Enough to be worth a merge.
    await notes.delete({ ids: helpers.ids(5_000, 'r0-') });
    await notes.optimize();
  });
  const seen = await one.evaluate(async () => {
    const { store, reader } = globalThis as never as Globals & { reader: ReadableStreamDefaultReader };
    const read = async () => {
      while (!(await reader.read()).done);
    };
    const { code, message } = await helpers.rejection(read());
    return { code, message, again: (await store.exportBlob()).size > 35_000 * 256 };
  });
  expect(seen).toMatchObject({ code: 'STORAGE_BLOCKED', again: true });
  expect(seen.message).toContain('Another tab has merged');
});

test('B2: conflicts and other settings, on a store that is in use', async ({ page }) => {
  await openTab(page, 3_000);
  const seen = await page.evaluate(async () => {
    const { store, notes, contents } = globalThis as never as Globals;
    const file = await store.exportBlob();
    const changes: string[] = [];
    notes.on('change', ({ kind, count }) => changes.push(`${kind} ${count}`));
    await notes.delete({ ids: helpers.ids(1_000, 'r0-') });
    await notes.upsert([{ id: 'r0-2999', vector: helpers.vectors(1, 64, 77) }]);
    const before = await contents(notes);
    const { code, problems } = await helpers.rejection(store.import(file));
    const unchanged = (await contents(notes)).join() === before.join();
    const results = [
      await store.import(file, { onConflict: 'skip' }),
      await store.import(file.stream(), { onConflict: 'replace' }),
    ];
    const other = await nearshore.openStore('other', { backend: 'js' });
    await other.collection('notes', { dimension: 32 });
    const mismatch = await helpers.rejection(other.import(file.stream()));
    return {
      code,
      first: problems?.[0],
      unchanged,
      results,
      changes,
      mismatch: [mismatch.code, await (await other.collection('notes')).count()],
    };
  });
  expect(seen).toMatchObject({
    code: 'DUPLICATE_ID',
    first: { id: 'r0-1000', position: 1000 },
    unchanged: true,
    results: [
      { collections: 1, imported: 1_000, replaced: 0, skipped: 2_000 },
      { collections: 1, imported: 0, replaced: 3_000, skipped: 0 },
    ],
    changes: ['delete 1000', 'upsert 1', 'upsert 1000', 'upsert 3000'],
    mismatch: ['CONFIG_MISMATCH', 0],
  });
});

test('B2 B4: an import ends with its signal, its stream or its worker, and says what stays', async ({
  page,
}) => {
  await openTab(page, 0);
  const seen = await page.evaluate(async () => {
    const { store } = globalThis as never as Globals;
    const source = await nearshore.openStore('source', { storage: 'memory', backend: 'js' });
    const wide = await source.collection('wide', { dimension: 1024, metric: 'l2' });
    await wide.upsert({ ids: helpers.ids(6_000), vectors: helpers.vectors(6_000, 1024, 1) });
    const file = await source.exportBlob();
    const target = await store.collection('wide', { dimension: 1024, metric: 'l2' });
    const log: unknown[] = [];

    // A stream that breaks off is cancelled; the error counts what was committed.
    const broken = (end: (controller: ReadableStreamDefaultController) => void) => {
      const reader = file
        .slice(0, file.size - 10)
        .stream()
        .getReader();
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { value } = await reader.read();
          if (value === undefined) end(controller);
          else controller.enqueue(value);
        },
      });
    };
    for (const end of [
      (controller: ReadableStreamDefaultController) => controller.error(new Error('the network is down')),
      (controller: ReadableStreamDefaultController) => controller.close(),
      (controller: ReadableStreamDefaultController) => controller.enqueue('text'),
    ]) {
      const { code, message } = await helpers.rejection(store.import(broken(end)));
      const count = await target.count();
      log.push([code, count > 4_000 && count < 6_000 && message.includes(`${count} records`)]);
      await target.delete({ filter: {} });
    }

    // Aborted while the second pass writes.
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done > file.size) controller.abort('enough');
    };
    const aborted = await helpers.rejection(store.import(file, { signal: controller.signal, onProgress }));
    log.push([aborted.code, aborted.message.includes(`${await target.count()} records`)]);
    log.push(await store.import(file, { onConflict: 'replace' }).then(({ imported }) => imported < 6_000));
    await target.delete({ filter: {} });

    // A stream that never ends is not waited for.
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      cancel() {
        isCancelled = true;
      },
    });
    const waiting = new AbortController();
    const importing = store.import(endless, { signal: waiting.signal });
    waiting.abort();
    log.push(await helpers.codeOf(importing), isCancelled);

    const lost = store.import(file, {
      onProgress: () => helpers.workers[0]!.terminate(),
    });
    const { code, outcome } = await helpers.rejection(lost);
    log.push([code, outcome], await target.count());
    return log;
  });
  expect(seen).toEqual([
    ['CORRUPT', true],
    ['CORRUPT', true],
    ['CORRUPT', true],
    ['ABORTED', true],
    true,
    'ABORTED',
    true,
    ['WORKER_LOST', 'unknown'],
    0,
  ]);
});

test('B1 B2: arguments that make no sense are INVALID_ARGUMENT', async ({ page }) => {
  await openTab(page, 0);
  const codes = await page.evaluate(async () => {
    const { store } = globalThis as never as Globals;
    const blob = await store.exportBlob();
    const attempts: (() => Promise<unknown>)[] = [
      () => store.import(new Uint8Array(3) as never),
      () => store.import(undefined as never),
      () => {
        const stream = blob.stream();
        stream.getReader();
        return store.import(stream);
      },
      () => store.import(blob, { onConflict: 'merge' as never }),
      () => store.import(blob, { signal: 1 as never }),
      () => store.import(blob, { overwrite: true } as never),
      () => store.exportBlob({ collections: 'notes' as never }),
      () => store.exportBlob({ collections: ['absent'] }),
      async () => store.exportStream({ onProgress: 1 as never }),
    ];
    const seen: string[] = [];
    for (const attempt of attempts) seen.push(await helpers.codeOf(attempt()));
    return seen;
  });
  expect(new Set(codes)).toEqual(new Set(['INVALID_ARGUMENT']));
  expect(codes).toHaveLength(9);
});

test('B1: the stream can be piped into a file', async ({ page }) => {
  await openTab(page, 3_000);
  const seen = await page.evaluate(async () => {
    const { store, notes, contents } = globalThis as never as Globals;
    // What showSaveFilePicker gives, but without a person who picks.
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle('notes.nearshore', { create: true });
    await store.exportStream().pipeTo(await handle.createWritable());
    const copy = await nearshore.openStore('copy', { backend: 'js' });
    const result = await copy.import(await handle.getFile());
    return {
      result,
      same: (await contents(await copy.collection('notes'))).join() === (await contents(notes)).join(),
    };
  });
  expect(seen).toMatchObject({ result: { imported: 3_000 }, same: true });
});
