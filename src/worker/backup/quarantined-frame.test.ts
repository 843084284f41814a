import { expect, it } from 'vitest';
import { batch, CONFIG, clientOf, openEngine } from '../collection/engine.contract.js';
import { RawStorage } from '../storage/raw-storage.contract.js';
import { framesOf, importBlob, openMemoryStore } from './backup.contract.js';
import { QUARANTINED_PAGE } from './backup-format.js';
import { exportStore } from './export-store.js';

async function exported(storage: RawStorage): Promise<Uint8Array<ArrayBuffer>> {
  const { parts } = await exportStore({ name: 's', storage }, undefined, new AbortController().signal);
  const all: BlobPart[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(await new Blob(all).arrayBuffer());
}

/** Two segments of three records; a page of the first is damaged, and nobody has met that yet. */
async function openDamaged() {
  const storage = new RawStorage();
  const { engine } = await openEngine(storage, CONFIG);
  await clientOf(engine).upsert(batch(0, 3));
  await clientOf(engine).upsert(batch(10, 3));
  const stored = storage.pages.get('1/0/vectors/0') as { bytes: Uint8Array<ArrayBuffer> };
  stored.bytes = stored.bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
  return { storage, damaged: stored.bytes };
}

it('B1 R1 an export that meets damage says so; the next is whole without the segment, and carries its pages along', async () => {
  const { storage, damaged } = await openDamaged();
  await expect(exported(storage)).rejects.toMatchObject({ code: 'CORRUPT' });
  const file = await exported(storage);
  const view = new DataView(file.buffer);
  const pages = framesOf(file)
    .filter(([start]) => view.getUint32(start, true) === QUARANTINED_PAGE)
    .map(([start]) => {
      const length = view.getUint32(start + 12, true);
      const head = JSON.parse(new TextDecoder().decode(file.subarray(start + 16, start + 16 + length)));
      const from = start + 16 + length;
      return { ...head, page: file.slice(from, from + head.bytes) };
    });
  expect(pages.map(({ column }) => column).sort()).toEqual(['ids', 'norms', 'stamps', 'vectors']);
  expect(pages.find(({ column }) => column === 'vectors')).toMatchObject({
    segment: 0,
    rows: 3,
    index: 0,
    reason: expect.stringContaining('checksum'),
    page: damaged,
  });
  expect(await importBlob(await openMemoryStore(), file)).toMatchObject({ collections: 1, imported: 3 });
});
