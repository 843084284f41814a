import type { IDBPTransaction } from 'idb';
import { unseenEndError } from './connection-errors.js';
import type { Schema } from './schema.js';
import type { CollectionRow, Commit, SegmentManifest } from './storage.js';
import { type PageKey, type RowStateKey, toRawPage, toStoredRowState } from './stored.js';

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
  const isListed =
    commit.pages.length > 0 && found.segments.some((segment) => isSame(asAdded(segment), asAdded(added)));
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
    const key: PageKey = [collection, segment, column, index];
    const stored = await tx.objectStore('pages').get(key);
    if (toRawPage(stored, key)?.checksum !== checksums[i]) return false;
  }
  for (const state of rowStates) {
    const key: RowStateKey = [collection, state.segment, state.chunk];
    const stored = await tx.objectStore('rowStates').get(key);
    if (stored?.checksum !== toStoredRowState(key, state).checksum) return false;
  }
  return true;
}

/** Rows of it may have died since. */
function asAdded(manifest: SegmentManifest | undefined) {
  return manifest && { ...manifest, dead: 0 };
}

/** Both have come through structured clone, or are about to: keys are in the same order. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Pages and row states. */
export function bytesOf({ pages, rowStates }: Commit): number {
  const ofPages = pages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return rowStates.reduce((sum, { dead, pushed }) => sum + dead.length + (pushed?.length ?? 0), ofPages);
}
