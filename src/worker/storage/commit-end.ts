import type { IDBPTransaction } from 'idb';
import { xxHash32 } from '../../shared/checksum.js';
import { unseenEndError } from './connection-errors.js';
import type { Schema } from './schema.js';
import type { CollectionRow, Commit, RowStateChunk } from './storage.js';

type CommitTransaction = IDBPTransaction<Schema, ('collections' | 'pages' | 'rowStates')[], 'readwrite'>;

/**
 * What became of a commit whose connection was lost before its end was seen; `found` is the collection's row now.
 * The row alone does not tell: without Web Locks another tab may have committed one of the same generation and clock.
 */
export async function endOf(
  tx: CommitTransaction,
  commit: Commit,
  checksums: readonly number[],
  found: CollectionRow | undefined,
): Promise<'committed' | 'not committed'> {
  const { next } = commit;
  if (found?.id !== commit.collection || found.generation < next.generation) return 'not committed';
  if (found.generation === next.generation) {
    const isOurs = isSame(found, next) && (await isStored(tx, commit, checksums));
    return isOurs ? 'committed' : 'not committed';
  }
  // Another tab has gone on from here, or from a generation of its own.
  const added = next.segments.at(-1);
  const isListed = commit.pages.length > 0 && found.segments.some((segment) => isSame(segment, added));
  if (isListed && (await isStored(tx, commit, checksums))) return 'committed';
  throw unseenEndError(
    `committing generation ${next.generation}`,
    new Error(`other tabs have committed up to generation ${found.generation} since`),
  );
}

async function isStored(
  tx: CommitTransaction,
  { collection, pages, rowStates }: Commit,
  checksums: readonly number[],
): Promise<boolean> {
  for (const [i, { segment, column, index }] of pages.entries()) {
    const stored = await tx.objectStore('pages').get([collection, segment, column, index]);
    if (stored?.checksum !== checksums[i]) return false;
  }
  for (const state of rowStates) {
    const stored = await tx.objectStore('rowStates').get([collection, state.segment, state.chunk]);
    if (stored?.checksum !== rowStateChecksum(state)) return false;
  }
  return true;
}

/** Both have come through structured clone, or are about to: keys are in the same order. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function rowStateChecksum({ dead, pushed }: RowStateChunk): number {
  return (xxHash32(dead) ^ (pushed === undefined ? 0 : xxHash32(pushed))) >>> 0;
}

/** Pages and row states. */
export function bytesOf({ pages, rowStates }: Commit): number {
  const add = (sum: number, bytes: number) => sum + bytes;
  return [...pages.map(({ bytes }) => bytes.length), ...rowStates.map(({ dead }) => dead.length)].reduce(
    add,
    0,
  );
}
