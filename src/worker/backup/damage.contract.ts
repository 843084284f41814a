import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import { VectorStoreError, type VectorStoreErrorCode } from '../../shared/errors.js';
import { SeededRandom } from '../seeded-random.contract.js';
import type { StoreEngine } from '../store-engine.js';
import {
  contentsOf,
  exportBytes,
  framesOf,
  importBlob,
  importStream,
  openMemoryStore,
  upsertIn,
} from './backup.contract.js';
import { FrameWriter } from './frame-writer.js';

/** Reported for each file; ten times as much fails. */
const BOUND_MS = 100;

/** Every kind of part a file has: several collections, one of them empty, two frames of records, metadata and texts. */
export async function exampleStore(): Promise<StoreEngine> {
  const store = await openMemoryStore();
  const random = new SeededRandom(7);
  const recordsOf = (count: number, dimension: number) =>
    Array.from({ length: count }, (_, i) => ({
      id: `r${i}`,
      vector: Array.from({ length: dimension }, () => random.normal()),
      metadata: i % 3 === 0 ? { i, tags: ['a', 'ü'], nested: { x: null } } : undefined,
      text: i % 4 === 0 ? `naïve 🦑 ${i}` : undefined,
    }));
  await upsertIn(store, { name: 'empty', dimension: 3, metric: 'l2' }, []);
  await upsertIn(
    store,
    { name: 'small', dimension: 3, metric: 'dot', embeddingSpace: 'm' },
    recordsOf(20, 3),
  );
  await upsertIn(store, { name: 'twin', dimension: 3, metric: 'dot' }, recordsOf(20, 3));
  return store;
}

type Damage = (bytes: Uint8Array, random: SeededRandom) => Uint8Array;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The file with its frames in another order, or another number of them. */
function rearranged(bytes: Uint8Array, rearrange: (frames: Uint8Array[]) => Uint8Array[]): Uint8Array {
  const frames = framesOf(bytes).map(([start, end]) => bytes.subarray(start, end));
  return joined([bytes.subarray(0, 12), ...rearrange(frames)]);
}

/** A place in the file whose four bytes are the length of a frame. */
function lengthPlace(bytes: Uint8Array, random: SeededRandom): number {
  return random.pick(framesOf(bytes))[0] + 4;
}

const DAMAGES: Record<string, Damage> = {
  'bits flipped': (bytes, random) => {
    const damaged = bytes.slice();
    for (let i = random.below(4); i >= 0; i--) damaged[random.below(bytes.length)]! ^= 1 << random.below(8);
    return damaged;
  },
  'bytes overwritten': (bytes, random) => {
    const damaged = bytes.slice();
    const at = random.below(bytes.length);
    for (let i = at; i < Math.min(bytes.length, at + random.below(64)); i++) damaged[i] = random.below(256);
    return damaged;
  },
  truncated: (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  'cut between frames': (bytes, random) => bytes.slice(0, random.pick(framesOf(bytes))[0]),
  'bytes inserted': (bytes, random) => {
    const at = random.below(bytes.length);
    return joined([bytes.subarray(0, at), new Uint8Array(1 + random.below(32)), bytes.subarray(at)]);
  },
  'bytes after its end': (bytes, random) => joined([bytes, new Uint8Array(1 + random.below(32))]),
  'twice one after the other': (bytes) => joined([bytes, bytes]),
  'a frame twice': (bytes, random) => {
    return rearranged(bytes, (frames) => {
      const at = random.below(frames.length);
      return frames.toSpliced(at, 0, frames[at]!);
    });
  },
  'a frame missing': (bytes, random) =>
    rearranged(bytes, (frames) => frames.toSpliced(random.below(frames.length), 1)),
  'two frames swapped': (bytes, random) =>
    rearranged(bytes, (frames) => {
      const [a, b] = random.sample([...frames.keys()], 2) as [number, number];
      return frames.with(a, frames[b]!).with(b, frames[a]!);
    }),
  'another length': (bytes, random) => {
    const damaged = bytes.slice();
    const length = random.pick([0, 4, 2 ** 20, 2 ** 28, 2 ** 31, 2 ** 32 - 4, random.below(2 ** 32)]);
    new DataView(damaged.buffer).setUint32(lengthPlace(bytes, random), length, true);
    return damaged;
  },
};

/** The same, with checksums that are right: only the checks behind them can notice. */
const FORGERIES: Record<string, Damage> = Object.fromEntries(
  Object.entries(DAMAGES).map(([kind, damage]) => [
    `${kind}, checksums made anew`,
    (bytes: Uint8Array, random: SeededRandom) => sealedAnew(damage(bytes, random)),
  ]),
);

/** Numbers of records frames and counts in heads, with checksums that are right. */
function forgedNumbers(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const forged = bytes.slice();
  const frames = framesOf(bytes);
  const view = new DataView(forged.buffer);
  const [start, end] = random.pick(frames);
  if (view.getUint32(start, true) === 3) {
    const place = start + 12 + 4 * random.below(Math.min(70, (end - start - 12) / 4));
    const value = random.pick([0, 1, 2 ** 16, 2 ** 31, 2 ** 32 - 1, random.below(2 ** 32)]);
    view.setUint32(place, value, true);
  } else {
    const digits = [...forged.subarray(start + 12, end).keys()].filter((i) => {
      const byte = forged[start + 12 + i]!;
      return byte >= 0x30 && byte <= 0x39;
    });
    if (digits.length > 0) forged[start + 12 + random.pick(digits)] = 0x30 + random.below(10);
  }
  return sealedAnew(forged);
}
FORGERIES['numbers forged'] = forgedNumbers;

function sealedAnew(bytes: Uint8Array): Uint8Array {
  const writer = new FrameWriter();
  const sealed = bytes.slice();
  for (let at = 12; at + 12 <= sealed.length; ) {
    const view = new DataView(sealed.buffer);
    const end = at + 12 + view.getUint32(at + 4, true);
    if (end > sealed.length || (end - at) % 4 !== 0) break;
    sealed.set(writer.seal(view.getUint32(at, true), sealed.slice(at, end)), at);
    at = end;
  }
  return sealed;
}

/** Imports damaged files, as Blobs and as streams, into stores that are empty. */
export async function importDamaged(files: number, seed: number): Promise<void> {
  const source = await exampleStore();
  const bytes = await exportBytes(source);
  const whole = await contentsOf(source);
  const random = new SeededRandom(seed);
  const ends: Record<string, number> = {};
  let slowest = 0;
  for (let n = 0; n < files; n++) {
    const isForged = n % 4 === 3;
    const [kind, damage] = random.pick(Object.entries(isForged ? FORGERIES : DAMAGES));
    const file = damage(bytes, random);
    const isStream = n % 3 === 2;
    const chunkBytes = 1 + random.below(9_999);
    const importTimed = async () => {
      const store = await openMemoryStore();
      const began = performance.now();
      const end = await (isStream ? importStream(store, file, chunkBytes) : importBlob(store, file)).then(
        () => 'imported',
        (error: unknown) => error,
      );
      return { store, end, milliseconds: performance.now() - began };
    };
    const { store, end, milliseconds } = await importTimed();
    if (milliseconds > slowest) {
      // Once more: what the machine did meanwhile is not the file's.
      const again = await importTimed();
      await again.store.close();
      slowest = Math.max(slowest, Math.min(milliseconds, again.milliseconds));
    }
    const what = `file ${n} of seed ${seed}: ${kind}, as a ${isStream ? 'stream' : 'Blob'}`;
    const code = end === 'imported' ? end : codeOf(end, what);
    ends[code] = (ends[code] ?? 0) + 1;
    if (end === 'imported') {
      // What a forged file says cannot be known to be wrong.
      if (!isForged) expect(await contentsOf(store), what).toEqual(whole);
    } else if (!isStream) {
      expect(await store.listCollections(), what).toEqual([]);
    } else {
      const stayed = (await contentsOf(store)).reduce((sum, { ids }) => sum + ids.length, 0);
      if (stayed > 0) expect((end as Error).message, what).toContain(`${stayed} records`);
    }
    await store.close();
  }
  console.info(
    `${files} damaged files, seed ${seed}: ${JSON.stringify(ends)}; slowest ${slowest.toFixed(0)} ms (bound ${BOUND_MS})`,
  );
  expect(slowest).toBeLessThan(10 * BOUND_MS);
  // The damage was real, and so were the files.
  expect(ends.CORRUPT).toBeGreaterThan(files / 2);
  await source.close();
}

const EXPECTED: readonly VectorStoreErrorCode[] = [
  'CORRUPT',
  'FORMAT_TOO_NEW',
  // A forged record or id.
  'INVALID_ARGUMENT',
  'DUPLICATE_ID',
];

function codeOf(error: unknown, what: string): VectorStoreErrorCode {
  if (error instanceof VectorStoreError && EXPECTED.includes(error.code)) return error.code;
  throw new Error(`${what}: ${String(error)}`, { cause: error });
}
