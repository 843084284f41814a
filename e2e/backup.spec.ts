import { expect, test } from './support/api-test.js';
import { type Globals, openTab } from './support/backup-tab.js';

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
      await navigator.locks.request('nearshore:kept:maintenance', () => undefined);
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
