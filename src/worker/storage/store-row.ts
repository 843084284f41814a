import { isPlainObject } from '../../shared/plain-object.js';
import { toHex } from '../../shared/stamp.js';
import { FORMAT, type StoreRow } from './storage.js';

/** The row of a store that has just been created. */
export function newStoreRow(): StoreRow {
  return { format: FORMAT, databaseId: randomHex(16), deviceId: randomHex(8), nextCollection: 1 };
}

/**
 * The row as it was stored, or a copy in which every field that cannot be what was written is as `known`, or new. The row
 * carries no checksum, since no record depends on it; what another release has added to it stays.
 */
export function soundStoreRow(stored: unknown, known?: StoreRow): StoreRow {
  const own: Record<string, unknown> = isPlainObject(stored) ? stored : {};
  const damaged = Object.entries(IS_SOUND).flatMap(([field, isSound]) =>
    isSound(own[field]) ? [] : [field],
  );
  if (damaged.length === 0) return stored as StoreRow;
  const kept = Object.entries(own).filter(([field]) => !damaged.includes(field));
  return { ...(known ?? newStoreRow()), ...Object.fromEntries(kept) };
}

const IS_SOUND: Record<keyof StoreRow, (value: unknown) => boolean> = {
  // A higher one is for whoever opens the store to refuse.
  format: (value) => isCount(value) && value >= FORMAT,
  databaseId: (value) => isHex(value, 16),
  deviceId: (value) => isHex(value, 8),
  nextCollection: isCount,
  gpu: (value) => value === undefined || (isPlainObject(value) && isPlainObject(value.crossovers)),
  lastBackup: (value) => value === undefined || Number.isFinite(value),
};

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 32;
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]+$/.test(value);
}

function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)));
}
