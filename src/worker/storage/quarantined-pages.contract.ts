import { expect, it } from 'vitest';
import { xxHash32 } from '../../shared/checksum.js';
import { CONFIG, commitOn, page, type StorageKind, uniqueStoreName } from './storage.contract.js';

export function describeQuarantinedPages({ name, connect }: StorageKind): void {
  it(`R1 ${name} hands out the pages of what is quarantined as they are`, async () => {
    const storage = connect(uniqueStoreName());
    await storage.open();
    const row = await storage.createCollection(CONFIG);
    const first = commitOn(row, { pages: [page(0, 'vectors', 0), page(0, 'vectors', 1)] });
    await storage.commit(first);
    const quarantined = [{ manifest: first.next.segments[0]!, reason: 'why', at: 1 }];
    const next = { ...first.next, generation: 2, segments: [], quarantined };
    await storage.commit({ ...commitOn(first.next, {}), next });
    expect(await storage.readCollection(CONFIG.name)).toEqual(next);
    const { bytes } = page(0, 'vectors', 1);
    expect(await storage.readRawPage(row.id, 0, 'vectors', 1)).toEqual({ bytes, checksum: xxHash32(bytes) });
    expect(await storage.readRawPage(row.id, 0, 'vectors', 2)).toBeUndefined();
    await storage.destroy();
  });
}
