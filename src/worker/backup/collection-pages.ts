import { VectorStoreError } from '../../shared/errors.js';
import { type Bitmap, countBits } from '../bitmap.js';
import { quarantine, readWhole } from '../collection/quarantine.js';
import { type QuarantinedPage, quarantinedPages } from '../collection/quarantined.js';
import type { RowStates } from '../collection/row-states.js';
import { droppedError } from '../collection/state.js';
import { damageOf } from '../storage/damage-errors.js';
import type { CollectionRow, Column, SegmentManifest, Storage } from '../storage/storage.js';

/** One generation of a collection as it is in storage: nothing of it is held but which rows are dead. */
export class CollectionPages {
  readonly live: number;

  private constructor(
    private readonly storage: Storage,
    readonly row: CollectionRow,
    /** By segment. */
    private readonly states: ReadonlyMap<number, RowStates>,
  ) {
    this.live = row.segments.reduce((sum, { id, rows }) => sum + rows - setBits(this.deadIn(id)), 0);
  }

  /** `undefined`: there is no such collection. */
  static async open(storage: Storage, name: string): Promise<CollectionPages | undefined> {
    const generation = await readWhole(storage, name);
    return generation && new CollectionPages(storage, generation.row, generation.states);
  }

  deadIn(segment: number): Bitmap | undefined {
    return this.states.get(segment)?.dead;
  }

  /** All pages of what is quarantined, one at a time. */
  quarantined(): AsyncGenerator<QuarantinedPage> {
    return quarantinedPages(this.storage, this.row);
  }

  /**
   * Page `index` of a column. Rejects with what has happened where another tab has removed it meanwhile, and where it is
   * damaged: then its segment is quarantined, so that the next export is whole without it.
   */
  async read({ id }: SegmentManifest, column: Column, index: number): Promise<Uint8Array<ArrayBuffer>> {
    const { storage, row } = this;
    try {
      const [page] = await storage.readPages(row.id, id, column, index, index + 1);
      return page!;
    } catch (error) {
      const now = await storage.readCollection(row.config.name);
      if (now?.id !== row.id) throw droppedError(row.config.name);
      const damage = damageOf(error);
      if (damage !== undefined) await quarantine(storage, now, damage);
      if (now.segments.some((segment) => segment.id === id)) throw error;
      throw mergedError(row.config.name, error);
    }
  }
}

function setBits(bitmap: Bitmap | undefined): number {
  return bitmap === undefined ? 0 : countBits(bitmap);
}

function mergedError(name: string, cause: unknown): VectorStoreError {
  return new VectorStoreError(
    'STORAGE_BLOCKED',
    `Another tab has merged segments of collection "${name}" while they were exported, and what was still to be read is gone. The file is not whole. ` +
      'Export again; this happens only where the browser has no Web Locks to make that tab wait.',
    { cause },
  );
}
