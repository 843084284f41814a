import type { CollectionRow } from '../storage/storage.js';
import type { SegmentView } from './segment-view.js';
import { Tail } from './tail.js';

/**
 * One generation of a collection. Immutable: a search keeps the snapshot it began with while commits publish new
 * ones, so that it sees the old or the new generation, never a mix.
 */
export class Snapshot {
  readonly live: number;
  readonly tail: Tail;

  constructor(
    readonly row: CollectionRow,
    readonly views: readonly SegmentView[],
    previous?: Snapshot,
  ) {
    this.live = views.reduce((sum, view) => sum + view.live, 0);
    this.tail = new Tail(views, row.config, previous?.tail);
  }

  get generation(): number {
    return this.row.generation;
  }
}
