import { xxHash32 } from '../../shared/checksum.js';
import { countBits } from '../bitmap.js';
import { damagedCollection, damagedPage, damagedRowState } from './damage-errors.js';
import type { CollectionRow, Column, RawPage, RowStateChunk } from './storage.js';

// What is stored, with its checksum, and back. A checksum covers the key as well as the value, so that a value is
// damage wherever it does not belong.

export type PageKey = [collection: number, segment: number, column: Column, index: number];
export type RowStateKey = [collection: number, segment: number, chunk: number];

export interface StoredPage {
  /** xxHash32 of `bytes`, xor that of the key; without `keyed`, as format 1 wrote it, of `bytes` alone. */
  checksum: number;
  bytes: Uint8Array<ArrayBuffer>;
  keyed?: true;
}

export interface StoredRowState extends RowStateChunk {
  /** xxHash32 of `dead`, xor that of `pushed` where there is one, xor that of the key if `keyed`. */
  checksum: number;
  keyed?: true;
}

export interface StoredCollection extends CollectionRow {
  /** xxHash32 of the rest as canonical JSON: keys sorted by UTF-16 code unit, no white space. */
  checksum: number;
}

/** @param bytesChecksum xxHash32 of the bytes */
export function toStoredPage(
  key: PageKey,
  bytes: Uint8Array<ArrayBuffer>,
  bytesChecksum: number,
): StoredPage {
  return { checksum: (bytesChecksum ^ hashOf(key)) >>> 0, bytes, keyed: true };
}

/** The bytes of a page; `CORRUPT` where it is not what was stored under this key. */
export function fromStoredPage(stored: unknown, key: PageKey): Uint8Array<ArrayBuffer> {
  const [, segment, column, index] = key;
  const { bytes, checksum, keyed } = (stored ?? {}) as Partial<StoredPage>;
  if (bytes === undefined) throw damagedPage(segment, column, index, 'is missing');
  if (!isWhole(bytes) || xxHash32(bytes) !== withoutKey(checksum, keyed, key)) {
    throw damagedPage(segment, column, index, 'does not match its checksum');
  }
  return bytes;
}

/** The page as it is, whole or not. */
export function toRawPage(stored: unknown, key: PageKey): RawPage | undefined {
  const { bytes, checksum, keyed } = (stored ?? {}) as Partial<StoredPage>;
  if (!(bytes instanceof Uint8Array)) return undefined;
  return { bytes, checksum: Number(withoutKey(checksum, keyed, key)) >>> 0 };
}

export function toStoredRowState(key: RowStateKey, chunk: RowStateChunk): StoredRowState {
  return { ...chunk, checksum: (rowStateHash(chunk) ^ hashOf(key)) >>> 0, keyed: true };
}

export function fromStoredRowState(stored: unknown, key: RowStateKey): RowStateChunk {
  const [, segment, chunk] = key;
  const { dead, pushed, checksum, keyed, ...own } = (stored ?? {}) as Partial<StoredRowState>;
  const isSound =
    own.segment === segment &&
    own.chunk === chunk &&
    isWhole(dead) &&
    (pushed === undefined || isWhole(pushed));
  const state = { segment, chunk, dead: dead!, ...(pushed === undefined ? {} : { pushed }) };
  if (!isSound || rowStateHash(state) !== withoutKey(checksum, keyed, key))
    throw damagedRowState(segment, chunk);
  return state;
}

export function toStoredCollection(row: CollectionRow): StoredCollection {
  return { ...row, checksum: xxHash32(new TextEncoder().encode(canonicalJson(row))) };
}

/** `CORRUPT` where it is not what was stored under this name; undefined where nothing was. */
export function fromStoredCollection(stored: unknown, name: string): CollectionRow | undefined {
  if (stored === undefined) return undefined;
  try {
    const { checksum, ...row } = stored as StoredCollection;
    if (toStoredCollection(row).checksum === checksum && row.config.name === name) return row;
  } catch {
    // No object, or one that is no JSON.
  }
  throw damagedCollection(name);
}

export function wholeOrNone(stored: unknown, name: string): CollectionRow | undefined {
  try {
    return fromStoredCollection(stored, name);
  } catch {
    return undefined;
  }
}

/** A collection's row of format 1: whether it can be one, which is all that can be told without a checksum. */
export function isFormat1(row: unknown, name: string): row is CollectionRow {
  const { id, config, segments } = (row ?? {}) as Partial<CollectionRow>;
  const isListed = Array.isArray(segments) && segments.every((manifest) => Number.isInteger(manifest?.id));
  return Number.isInteger(id) && config?.name === name && isListed;
}

/**
 * The row as format 2 has it.
 *
 * @param states its row states, whole or not: a damaged one is found when it is read
 */
export function fromFormat1(row: CollectionRow, states: readonly StoredRowState[]): StoredCollection {
  const segments = row.segments.map((manifest) => {
    const own = states.filter((state) => state?.segment === manifest.id && isWhole(state.dead));
    const dead = own.reduce((sum, state) => sum + countBits(state.dead), 0);
    return dead === 0 ? manifest : { ...manifest, dead };
  });
  return toStoredCollection({ ...row, segments });
}

/** As written: an array of its own, so that its words are aligned. */
function isWhole(bytes: unknown): bytes is Uint8Array<ArrayBuffer> {
  return bytes instanceof Uint8Array && bytes.byteOffset === 0;
}

function withoutKey(checksum: number | undefined, keyed: true | undefined, key: PageKey | RowStateKey) {
  return keyed === true ? (checksum! ^ hashOf(key)) >>> 0 : checksum;
}

function rowStateHash({ dead, pushed }: RowStateChunk): number {
  return (xxHash32(dead) ^ (pushed === undefined ? 0 : xxHash32(pushed))) >>> 0;
}

function hashOf(key: PageKey | RowStateKey): number {
  return xxHash32(new TextEncoder().encode(key.join('/')));
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
