import { bytesOf } from './commit-end.js';
import { isQuotaError } from './quota-errors.js';
import type { Room } from './room.js';
import type { Commit } from './storage.js';

/** Dead bits of two million rows; a larger collection's delete may have to name fewer records. */
export const RESERVE_BYTES = 1 << 20;
/** Bytes of a collection from which it has one. */
const KEPT_FROM_BYTES = 1 << 20;

/** Where the reserve lies. */
export interface ReservePlace {
  has(): Promise<boolean>;
  put(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(): Promise<void>;
}

/**
 * Commits within the room there is. On a full disk Chromium and Firefox refuse every transaction that puts anything, and
 * a delete puts its tombstones and dead bits; what succeeds, and gives room at once, is a transaction that only removes.
 * So a store holds bytes back that are removed then. Records are added only while they are there.
 */
export class Reserve {
  #isThere: boolean | undefined;
  /** It was removed, and has to be held again. */
  #isOwed = false;

  constructor(
    private readonly room: Room,
    private readonly place: ReservePlace,
  ) {}

  /** @param write may be called twice. */
  async commit(commit: Commit, write: () => Promise<number>): Promise<number> {
    const needed = bytesOf(commit);
    const freed = commit.removedSegments.reduce((sum, { bytes }) => sum + bytes, 0);
    const isDelete = commit.pages.every(({ column }) => column.startsWith('tombstone-'));
    try {
      if (!isDelete) await this.room.check(needed, freed <= needed);
      const held = commit.next.segments.reduce((sum, { bytes }) => sum + bytes, 0) - needed;
      const isWorthIt = held >= KEPT_FROM_BYTES || this.#isOwed;
      if (!isDelete && freed <= needed && isWorthIt) await this.#keep(needed);
      const written = await write().catch(async (error: unknown) => {
        if (!isQuotaError(error) || !(isDelete || freed > needed)) throw error;
        await this.#release();
        return write();
      });
      this.room.note(written, freed);
      if (this.#isOwed && freed > needed) await this.#hold().catch(() => undefined);
      return written;
    } catch (error) {
      if (!isQuotaError(error) || error.needed !== undefined) throw error;
      throw await this.room.refused(needed, error.cause);
    }
  }

  async #keep(adding: number): Promise<void> {
    this.#isThere ??= await this.place.has();
    if (this.#isThere) return;
    await this.room.check(adding + RESERVE_BYTES, true);
    await this.#hold();
  }

  async #hold(): Promise<void> {
    await this.place.put(incompressible(RESERVE_BYTES));
    this.#isThere = true;
    this.#isOwed = false;
    this.room.note(RESERVE_BYTES, 0);
  }

  /** Also where nothing is held: what aborted transactions have left in Chromium's files goes with one that removes. */
  async #release(): Promise<void> {
    const wasThere = this.#isThere ?? (await this.place.has());
    await this.place.delete();
    if (wasThere) this.room.note(0, RESERVE_BYTES);
    this.#isOwed ||= wasThere;
    this.#isThere = false;
  }
}

/** Chromium compresses what it stores. */
function incompressible(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  // At most so many are given at once.
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}
