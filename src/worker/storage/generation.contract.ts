import { expect, it } from 'vitest';
import { CONFIG, commitOn, deadBits, page, type StorageKind, uniqueStoreName } from './storage.contract.js';

/** What a tab reads that catches up. */
export function describeGenerations(kind: StorageKind): void {
  it(`Q7 ${kind.name} reads a row with the row states that belong to it, while commits go on`, async () => {
    const store = uniqueStoreName();
    const [writer, reader] = [kind.connect(store), kind.connect(store)];
    await writer.open();
    await reader.open();
    let row = await writer.createCollection(CONFIG);
    expect(await reader.readGeneration('nothing')).toBeUndefined();
    expect(await reader.readGeneration(CONFIG.name)).toEqual({ row, rowStates: [] });
    let isOver = false;
    const write = async () => {
      for (let generation = 1; generation <= 40; generation++) {
        const pages = generation === 1 ? [page(0, 'ids', 0)] : [];
        const next = commitOn(row, { pages, rowStates: [deadBits(0, 0, generation)] });
        await writer.commit(next);
        row = next.next;
      }
      isOver = true;
    };
    const written = write();
    const seen = new Set<number>();
    while (!isOver) {
      const { row, rowStates } = (await reader.readGeneration(CONFIG.name))!;
      expect(rowStates).toEqual(row.generation === 0 ? [] : [deadBits(0, 0, row.generation)]);
      seen.add(row.generation);
    }
    await written;
    expect(seen.size).toBeGreaterThan(1);
    await reader.close();
    await writer.destroy();
  });
}
