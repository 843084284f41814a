import { expect, it } from 'vitest';
import { xxHash32 } from '../../shared/checksum.js';
import { VectorStoreError } from '../../shared/errors.js';
import { damagedPage } from '../storage/damage-errors.js';
import { RawStorage } from '../storage/raw-storage.contract.js';
import { batch, CONFIG, callOptions, clientOf, openEngine, record } from './engine.contract.js';
import { quarantinedPages } from './quarantined.js';

async function openNotes(storage = new RawStorage()) {
  const { engine, quarantines } = await openEngine(storage, CONFIG);
  return { storage, engine, quarantines, notes: clientOf(engine) };
}

/** Three segments: a, b, c; then a new a and d, without b; then e. On disk, and not in memory. */
async function openReplaced() {
  const { storage, engine, notes } = await openNotes();
  await notes.upsert([record('a', 1, 0, { old: true }), record('b'), record('c')]);
  await notes.upsert([record('a', 0, 1), record('d')]);
  await notes.deleteIds(['b']);
  await notes.upsert([record('e')]);
  engine.close(new VectorStoreError('CLOSED', 'closed'));
  return storage;
}

function damagePage(storage: RawStorage, key: string): void {
  const stored = storage.pages.get(key) as { bytes: Uint8Array<ArrayBuffer> };
  stored.bytes = stored.bytes.slice();
  stored.bytes[5]! ^= 1;
}

const QUARANTINED = { segment: 1, records: 2, collection: CONFIG.name };

it.each(['ids', 'vectors', 'norms'])(
  'R1 a segment whose %s are damaged is quarantined by the call that meets it, and the rest answers',
  async (column) => {
    const storage = await openReplaced();
    damagePage(storage, `1/1/${column}/0`);
    const { engine, notes, quarantines } = await openNotes(storage);
    // What it replaced and deleted stays so: "a" and "b" are not back.
    expect((await notes.query([1, 0])).ids).toEqual(['c', 'e']);
    expect((await notes.list()).ids).toEqual(['c', 'e']);
    expect(await notes.get(['a', 'b', 'd'])).toEqual([undefined, undefined, undefined]);
    expect(quarantines).toEqual([{ ...QUARANTINED, reason: expect.stringMatching(`column "${column}"`) }]);
    const { quarantined, records, generation } = await engine.stats();
    expect({ quarantined, records, generation }).toEqual({
      quarantined: { segments: 1, records: 2 },
      records: 2,
      generation: 5,
    });
    // It stays so, and is told once.
    const again = await openNotes(storage);
    expect((await again.notes.list()).ids).toEqual(['c', 'e']);
    expect(again.quarantines).toEqual([]);
    expect((await again.engine.stats()).quarantined).toEqual({ segments: 1, records: 2 });
  },
);

it('R1 a write that meets damage is made without the segment, and once', async () => {
  const storage = await openReplaced();
  damagePage(storage, '1/1/ids/0');
  const { notes, quarantines } = await openNotes(storage);
  expect(await notes.upsert([record('d', 5, 5), record('f')])).toEqual({
    count: 2,
    generation: 6,
    stamp: expect.any(String),
  });
  expect((await notes.list()).ids).toEqual(['c', 'd', 'e', 'f']);
  expect(quarantines).toMatchObject([QUARANTINED]);
});

it.each([
  [
    'a bit is flipped',
    (state: { dead: Uint8Array }) => ({ ...state, dead: state.dead.map((byte) => byte ^ 2) }),
  ],
  ['they are gone', () => undefined],
])(
  'R1 row states of which %s quarantine their segment, at opening: no old record is back',
  async (_, damage) => {
    const storage = await openReplaced();
    const damaged = damage(storage.rowStates.get('1/0/0') as { dead: Uint8Array });
    if (damaged === undefined) storage.rowStates.delete('1/0/0');
    else storage.rowStates.set('1/0/0', damaged);
    const { notes, quarantines } = await openNotes(storage);
    expect((await notes.list()).ids).toEqual(['a', 'd', 'e']);
    expect(quarantines).toMatchObject([{ segment: 0, records: 1 }]);
  },
);

it('R1 warming up quarantines a large segment', async () => {
  const { storage, engine, notes } = await openNotes();
  await notes.upsert(batch(0, 2_100));
  await notes.upsert([record('z')]);
  engine.close(new VectorStoreError('CLOSED', 'closed'));
  damagePage(storage, '1/0/vectors/0');
  const again = await openNotes(storage);
  await again.engine.warmUp();
  expect(again.quarantines).toMatchObject([{ segment: 0, records: 2_100 }]);
  expect((await again.notes.list()).ids).toEqual(['z']);
});

it('R1 a page that another tab has merged away is no damage', async () => {
  const storage = await openReplaced();
  const late = await openNotes(storage);
  const { engine } = await openNotes(storage);
  await engine.optimize(callOptions());
  expect((await late.notes.list()).ids).toEqual(['a', 'c', 'd', 'e']);
  expect(late.quarantines).toEqual([]);
});

it('R1 a page that is whole when it is read again is no damage', async () => {
  const storage = await openReplaced();
  const { readPages } = storage;
  let reads = 0;
  storage.readPages = async (...args) => {
    if (args[1] === 1 && args[2] === 'ids' && reads++ === 0) throw damagedPage(1, 'ids', 0, 'is missing');
    return readPages.apply(storage, args);
  };
  const { notes, quarantines } = await openNotes(storage);
  expect((await notes.list()).ids).toEqual(['a', 'c', 'd', 'e']);
  expect(reads).toBeGreaterThan(2);
  expect(quarantines).toEqual([]);
});

it('R1 merging leaves what is quarantined alone; it can be read as it is, and discarded', async () => {
  const storage = await openReplaced();
  damagePage(storage, '1/1/ids/0');
  const { engine, notes } = await openNotes(storage);
  await engine.optimize(callOptions());
  await notes.upsert([record('g')]);
  const row = (await storage.readCollection(CONFIG.name))!;
  expect(row.quarantined).toMatchObject([{ manifest: { id: 1, rows: 2 }, at: expect.any(Number) }]);
  const pages: Record<string, boolean> = {};
  for await (const { column, page } of quarantinedPages(storage, row)) {
    pages[column] = page !== undefined && xxHash32(page.bytes) === page.checksum;
  }
  expect(pages).toEqual({ vectors: true, ids: false, norms: true, stamps: true });

  const before = await engine.stats();
  expect(await engine.discardQuarantined(callOptions())).toEqual({ records: 2 });
  expect([...storage.pages.keys()].filter((key) => key.startsWith('1/1/'))).toEqual([]);
  const after = await engine.stats();
  expect(after.quarantined).toEqual({ segments: 0, records: 0 });
  expect(after.diskBytes).toBeLessThan(before.diskBytes);
  expect((await notes.list()).ids).toEqual(['c', 'e', 'g']);
  expect(await engine.discardQuarantined(callOptions())).toEqual({ records: 0 });
  expect((await engine.stats()).generation).toBe(after.generation);
});

it('R1 many damaged segments are quarantined one after the other', async () => {
  const { storage, engine, notes } = await openNotes();
  for (let i = 0; i < 20; i++) await notes.upsert([record(`r${i}`)]);
  engine.close(new VectorStoreError('CLOSED', 'closed'));
  for (let i = 0; i < 19; i++) damagePage(storage, `1/${i}/ids/0`);
  const again = await openNotes(storage);
  expect((await again.notes.list()).ids).toEqual(['r19']);
  expect(again.quarantines).toHaveLength(19);
});
