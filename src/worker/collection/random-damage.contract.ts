import { expect } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { Storage } from '../storage/storage.js';
import type { CollectionEngine } from './collection-engine.js';
import {
  callOptions,
  computeWith,
  openEngine,
  type PlainRecord,
  packRecords,
  unpackRecords,
} from './engine.contract.js';

// Stored data with random damage: it is found or does no harm, and the rest answers.

export const RAW_STORES = ['collections', 'pages', 'rowStates'] as const;
type RawStore = (typeof RAW_STORES)[number];

/** Values of object stores as they are on disk, each at a place: the object store's name, a space, the key. */
export type Content = Map<string, unknown>;

export interface RawWorld {
  /** Opens it, as a new visit does. */
  connect(): Promise<Storage>;
  content(): Promise<Content>;
  /** Makes the content what is given. */
  restore(content: Content): Promise<void>;
}

export interface DamageTally {
  /** Something was quarantined, a collection was refused, or the index was given up. */
  found: number;
  harmless: number;
  /** Milliseconds of the longest one: opening, and asking for everything. */
  longest: number;
  total: number;
}

const DIMENSION = 3;
const NOTES = { name: 'notes', dimension: DIMENSION, metric: 'cosine' } as const;
const OTHER = { name: 'other', dimension: DIMENSION, metric: 'cosine' } as const;
/** In reports; a test fails at ten times it. */
const AIM_MS = 100;

class DamagedStore {
  readonly #records = new Map<string, PlainRecord>();
  #whole!: Content;

  constructor(private readonly world: RawWorld) {}

  /** A segment, indexed if it is large, and small ones that replace and delete some of its records; a neighbour. */
  async fill(random: SeededRandom, rows: number): Promise<void> {
    const storage = await this.world.connect();
    const notes = (await openEngine(storage, NOTES, computeWith('js'), 3_000)).engine;
    const make = (id: string): PlainRecord => ({
      id,
      vector: Float32Array.from({ length: DIMENSION }, () => random.normal()),
      metadata: random.chance(0.5) ? { n: random.below(10) } : undefined,
      text: random.chance(0.3) ? `text of ${id}` : undefined,
    });
    const write = async (ids: readonly string[]) => {
      const records = ids.map(make);
      await notes.upsert(packRecords(records, DIMENSION), 'upsert', 'disk', callOptions());
      for (const record of records) this.#records.set(record.id, record);
      return records;
    };
    const ids = Array.from({ length: rows }, (_, i) => `r${i}`);
    await write(ids);
    await notes.optimize(callOptions());
    for (let round = 0; round < 4; round++) {
      await write([...random.sample(ids, 20), `new${round}`]);
      const gone = random.sample(ids, 10);
      await notes.delete({ ids: gone }, 'disk', callOptions());
      for (const id of gone) this.#records.delete(id);
    }
    close(notes);
    const other = (await openEngine(storage, OTHER)).engine;
    await other.upsert(packRecords(ids.slice(0, 50).map(make), DIMENSION), 'upsert', 'disk', callOptions());
    close(other);
    await storage.close();
    this.#whole = await this.world.content();
  }

  /** Damages one thing, asks for everything, and puts things right again. */
  async trial(random: SeededRandom, tally: DamageTally): Promise<void> {
    const damaged = new Map(this.#whole);
    const what = damage(damaged, random);
    for (let attempt = 1; ; attempt++) {
      await this.world.restore(damaged);
      const began = performance.now();
      const storage = await this.world.connect();
      const { isFound, ended } = await this.#ask(storage, what);
      await storage.close();
      const took = ended - began;
      // Once may be the machine's doing.
      if (took > 10 * AIM_MS && attempt < 3) continue;
      if (took > 10 * AIM_MS) throw new Error(`${what}: ${took} ms, three times`);
      tally[isFound ? 'found' : 'harmless']++;
      tally.longest = Math.max(tally.longest, took);
      tally.total += took;
      break;
    }
    await this.world.restore(this.#whole);
  }

  async #ask(storage: Storage, what: string): Promise<{ isFound: boolean; ended: number }> {
    const other = await openOrRefuse(storage, OTHER);
    const notes = await openOrRefuse(storage, NOTES);
    if (other === undefined || notes === undefined) {
      // One damaged thing is in one collection.
      expect(other ?? notes, what).toBeDefined();
      expect(await (other ?? notes)!.engine.count(undefined), what).toBeGreaterThan(0);
      close((other ?? notes)!.engine);
      return { isFound: true, ended: performance.now() };
    }
    await this.#askNotes(notes.engine, what);
    const ended = performance.now();
    // Stamps, tombstones and the rest of the vectors are read by a merge.
    await notes.engine.optimize(callOptions());
    const lost = await this.#askNotes(notes.engine, what);
    expect(
      notes.quarantines.reduce((sum, { records }) => sum + records, 0),
      what,
    ).toBe(lost);
    const listed = await other.engine.list({ limit: 100, includeVectors: true });
    const otherLost = other.quarantines.reduce((sum, { records }) => sum + records, 0);
    expect(listed.records.ids.length, what).toBe(50 - otherLost);
    // And it can be written.
    const late = packRecords([{ id: 'late', vector: [1, 1, 1] }], DIMENSION);
    await notes.engine.upsert(late, 'upsert', 'disk', callOptions());
    expect(await notes.engine.count(undefined), what).toBe(this.#records.size - lost + 1);
    close(notes.engine);
    close(other.engine);
    return { isFound: notes.quarantines.length + other.quarantines.length > 0, ended };
  }

  /** How many records are lost; those that are there are right, and none is back that was replaced or deleted. */
  async #askNotes(engine: CollectionEngine, what: string): Promise<number> {
    const { records } = await engine.list({ limit: 10_000, includeVectors: true });
    const before = (await engine.stats()).quarantined.segments;
    for (const { id, ...found } of unpackRecords(records, DIMENSION)) {
      const record = this.#records.get(id);
      if (record === undefined) expect.fail(`${what}: ${id} is back`);
      const { vector, metadata, text } = record;
      if (found.text !== text || JSON.stringify(found.metadata) !== JSON.stringify(metadata))
        expect.fail(`${what}: ${id} is another`);
      if (found.vector!.some((value, i) => value !== vector[i]))
        expect.fail(`${what}: ${id} has another vector`);
    }
    const all = { vector: Float32Array.of(1, 2, 3), topK: 10_000, exact: true };
    const [answer] = await engine.query([all], callOptions());
    // It may be the first to read what is damaged.
    if ((await engine.stats()).quarantined.segments > before) return this.#askNotes(engine, what);
    expect([...answer!.ids].sort().join(), what).toBe([...records.ids].sort().join());
    expect((await engine.stats()).records, what).toBe(records.ids.length);
    return this.#records.size - records.ids.length;
  }
}

const NONSENSE: readonly unknown[] = [
  null,
  42,
  'nonsense',
  [],
  {},
  new Uint8Array(0),
  { bytes: 'text', dead: 7 },
];

/** How often each is damaged. */
const SHARES: readonly RawStore[] = [
  'pages',
  'pages',
  'pages',
  'pages',
  'rowStates',
  'rowStates',
  'collections',
];

/** Damages one thing; in words, what. */
function damage(content: Content, random: SeededRandom): string {
  const store = random.pick(SHARES);
  const places = [...content.keys()].filter((place) => place.startsWith(`${store} `));
  const place = random.pick(places);
  const stored = content.get(place) as Record<string, unknown>;
  const put = (how: string, value: unknown) => {
    if (value === undefined) content.delete(place);
    else content.set(place, value);
    return `${place}: ${how}`;
  };
  switch (random.below(store === 'collections' ? 4 : 6)) {
    case 0:
      if (store === 'collections') return put('a number is another', otherNumber(stored, random));
      return put('it is gone', undefined);
    case 1:
      return put('it is nonsense', random.pick(NONSENSE));
    case 2:
      return put('the checksum is another', { ...stored, checksum: random.below(2 ** 31) });
    case 3: {
      const { checksum: _, ...rest } = stored;
      return put('the checksum is gone', rest);
    }
    case 4: {
      const other = random.pick(places);
      const value = content.get(other);
      content.set(other, stored);
      return put(`exchanged with ${other}`, value);
    }
    default:
      return put('bytes are others', withOtherBytes(stored, random));
  }
}

function otherNumber(row: Record<string, unknown>, random: SeededRandom): unknown {
  const text = JSON.stringify(row);
  const digits = [...text.matchAll(/\d/g)].map(({ index }) => index);
  const at = random.pick(digits);
  // Not a leading zero, and never the same.
  const digit = String(1 + ((Number(text[at]) + random.below(8)) % 9));
  return JSON.parse(text.slice(0, at) + digit + text.slice(at + 1));
}

function withOtherBytes(stored: Record<string, unknown>, random: SeededRandom): unknown {
  const column = 'bytes' in stored ? 'bytes' : 'dead';
  const bytes = (stored[column] as Uint8Array).slice();
  if (bytes.length === 0) return { ...stored, [column]: Uint8Array.of(1) };
  switch (random.below(4)) {
    case 0:
      return { ...stored, [column]: bytes.slice(0, random.below(bytes.length)) };
    case 1:
      return { ...stored, [column]: Uint8Array.from([...bytes, random.below(256)]) };
    case 2:
      return { ...stored, [column]: bytes.fill(random.below(256), random.below(bytes.length)) };
    default:
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      }
      return { ...stored, [column]: bytes };
  }
}

async function openOrRefuse(storage: Storage, config: typeof NOTES | typeof OTHER) {
  try {
    return await openEngine(storage, config);
  } catch (error) {
    expect(error).toMatchObject({ name: 'VectorStoreError', code: 'CORRUPT' });
    return undefined;
  }
}

function close(engine: CollectionEngine): void {
  engine.close(new VectorStoreError('CLOSED', 'The trial is over.'));
}

/** @param rows of the first segment; it is sealed, and has an index, from 2,048 on */
export async function runDamage(
  world: RawWorld,
  { seed, rows, trials }: { seed: number; rows: number; trials: number },
): Promise<DamageTally> {
  const store = new DamagedStore(world);
  await store.fill(new SeededRandom(seed), rows);
  const tally: DamageTally = { found: 0, harmless: 0, longest: 0, total: 0 };
  for (let trial = 0; trial < trials; trial++) {
    try {
      await store.trial(new SeededRandom(1_000 * seed + trial), tally);
    } catch (error) {
      throw new Error(`seed ${seed}, trial ${trial}: ${(error as Error).message}`, { cause: error });
    }
  }
  const mean = (tally.total / trials).toFixed(1);
  console.info(
    `${trials} damages: ${tally.found} found, ${tally.harmless} harmless; to open and ask: mean ${mean} ms, longest ${tally.longest.toFixed(0)} ms (aim ${AIM_MS})`,
  );
  return tally;
}
