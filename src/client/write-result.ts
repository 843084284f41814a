import { VectorStoreError } from '../shared/errors.js';
import type { WriteResult } from '../shared/types.js';
import type { WrittenOnWire } from '../shared/worker-api.js';
import { checkOptions } from './check-options.js';
import type { PageSync } from './page-sync.js';

/** What a write of a collection that is kept here resolves to. A class, so that it can be cloned as data. */
export class LocalWriteResult implements WriteResult {
  readonly count: number;
  readonly generation: number;
  declare readonly evicted?: number;
  readonly #stamp: string | undefined;

  /**
   * @param ids of the records concerned
   * @param syncOf the sync that the page has at that time
   */
  constructor(
    { count, generation, evicted, stamp }: WrittenOnWire,
    private readonly ids: () => readonly string[],
    private readonly syncOf: () => PageSync | undefined,
  ) {
    this.count = count;
    this.generation = generation;
    if (evicted !== undefined) this.evicted = evicted;
    this.#stamp = stamp;
  }

  async replicated(options: { signal?: AbortSignal } = {}): Promise<void> {
    checkOptions('replicated', options, ['signal']);
    const sync = this.syncOf();
    if (sync === undefined) {
      throw new VectorStoreError(
        'INVALID_ARGUMENT',
        'The collection is not being synced on this page. No server would ever acknowledge the write, which is on this device alone. ' +
          'Call collection.sync() first, with the server that remote names at openStore().',
      );
    }
    if (this.#stamp !== undefined) await sync.replicated(this.ids(), this.#stamp, options.signal);
  }
}

/** What a write resolves to that a server has acknowledged, since there is nothing but the server. */
export class AcknowledgedWriteResult implements WriteResult {
  readonly count: number;
  readonly generation: number;

  constructor({ count, generation }: WrittenOnWire) {
    this.count = count;
    this.generation = generation;
  }

  async replicated(options: { signal?: AbortSignal } = {}): Promise<void> {
    checkOptions('replicated', options, ['signal']);
  }
}
