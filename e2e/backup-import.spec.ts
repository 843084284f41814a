import { expect, test } from './support/api-test.js';
import { type Globals, openTab } from './support/backup-tab.js';

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
    const aborted = await store.import(file, { signal: controller.signal, onProgress }).then(
      ({ imported }) => ({ imported }),
      ({ code, message }) => ({ code, message }),
    );
    const stayed = await target.count();
    // The last commit may have been made before the worker heard of it.
    if ('imported' in aborted) log.push(stayed === aborted.imported);
    else log.push(aborted.code === 'ABORTED' && aborted.message.includes(`${stayed} records`));
    const again = await store.import(file, { onConflict: 'replace' });
    log.push([again.imported, again.replaced].toString() === [6_000 - stayed, stayed].toString());
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
    true,
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
