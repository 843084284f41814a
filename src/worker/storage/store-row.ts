import { toHex } from '../../shared/stamp.js';
import { FORMAT, type StoreRow } from './storage.js';

/** The row of a store that has just been created. */
export function newStoreRow(): StoreRow {
  return { format: FORMAT, databaseId: randomHex(16), deviceId: randomHex(8), nextCollection: 1 };
}

function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)));
}
