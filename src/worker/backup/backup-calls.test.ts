import { expect, it } from 'vitest';
import { packRecords } from '../collection/engine.contract.js';
import { StoreHost } from '../store-host.js';

async function openHost() {
  const handedOver: [answer: object, buffers: Transferable[]][] = [];
  const host = new StoreHost(
    () => {},
    (answer, buffers) => {
      handedOver.push([answer, buffers]);
      return answer;
    },
  );
  const store = { name: 's', storage: 'memory', backend: 'js', kernel: 'auto' } as const;
  await host.open(1, { ...store, assetBaseUrl: undefined, memoryBudgetBytes: undefined });
  const unset = { embeddingSpace: undefined, embedder: undefined, quantization: undefined };
  const opened = await host.openCollection(2, { name: 'notes', dimension: 2, metric: 'dot', ...unset });
  if (!opened.ok) throw new Error(opened.error.message);
  const collection = { id: opened.value.id, name: 'notes', embedder: undefined, quantization: undefined };
  const records = packRecords([{ id: 'a', vector: [1, 2] }], 2);
  await host.upsert(3, { collection, records, mode: 'upsert', durability: 'memory' });
  return { host, handedOver };
}

it('B1 L5 the parts of an export are handed over; each call names the one that opened it', async () => {
  const { host, handedOver } = await openHost();
  expect(await host.exportOpen(4, undefined)).toMatchObject({ ok: true });
  expect(await host.exportOpen(5, ['notes'])).toMatchObject({ ok: true });
  for (let part = 0; part < 5; part++) {
    for (const opened of [4, 5]) {
      const answer = await host.exportNext(100, opened);
      if (!answer.ok) throw new Error(answer.error.message);
      expect(handedOver.at(-1)).toEqual([answer, [answer.value!.buffer]]);
    }
  }
  expect(await host.exportNext(100, 4)).toEqual({ ok: true, value: undefined });
  expect(handedOver).toHaveLength(10);
  await host.close(6);
});

it('B4 an export that is not known, was ended, or whose store is closed is WORKER_LOST', async () => {
  const { host } = await openHost();
  const lost = { ok: false, error: { code: 'WORKER_LOST' } };
  expect(await host.exportNext(100, 4)).toMatchObject(lost);

  await host.exportOpen(4, undefined);
  await host.exportEnd(101, 4);
  expect(await host.exportNext(100, 4)).toMatchObject(lost);

  // Ended while it begins.
  const opening = host.exportOpen(5, undefined);
  await host.exportEnd(102, 5);
  expect(await opening).toMatchObject(lost);

  await host.exportOpen(6, undefined);
  const next = host.exportNext(100, 6);
  await host.close(7);
  expect(await next).toMatchObject(lost);
});

it('B4 chunks for an import that has ended are not wanted', async () => {
  const { host } = await openHost();
  expect(await host.importChunk(4, Uint8Array.of(1), undefined)).toBe(false);
  const importing = host.importBackup(5, { file: undefined, onConflict: 'error' });
  // Not the head of a backup file.
  expect(await host.importChunk(5, new Uint8Array(12), undefined)).toBe(true);
  expect(await importing).toMatchObject({ ok: false, error: { code: 'CORRUPT' } });
  expect(await host.importChunk(5, new Uint8Array(12), undefined)).toBe(false);

  const aborted = host.importBackup(6, { file: undefined, onConflict: 'error' });
  await host.abort(6, 'enough');
  expect(await aborted).toMatchObject({ ok: false, error: { code: 'ABORTED' } });
  await host.close(7);
});
