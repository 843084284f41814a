/** What one commit has changed; it comes after the commit, and before or with its promise. */
export interface ChangeEvent {
  collection: string;
  /**
   * `'evict'`: beyond `maxRecords`; the oldest ones, in the commit of the upsert before. `'unknown'`: other tabs have
   * changed something up to this generation, and what it was has not been heard. `'reembed'`: every vector is another
   * model's now.
   */
  kind: 'upsert' | 'delete' | 'drop' | 'evict' | 'reembed' | 'unknown';
  /** The first 1,000 ids concerned. */
  ids: string[];
  /** Records concerned, in all. */
  count: number;
  generation: number;
  /** Who made it: a handle of this page, another tab, or another device, from which it was synced here or in another tab. */
  origin: 'local' | 'tab' | 'sync';
}

/** A segment was found damaged. It is no longer searched, and its pages are kept; the rest of the collection answers. */
export interface QuarantineEvent {
  collection: string;
  segment: number;
  /** Records that were live in it: no call finds them any more. */
  records: number;
  /** What was found, in words. */
  reason: string;
}
