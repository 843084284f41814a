import type { VectorStoreError } from '../../shared/errors.js';
import type { Clock } from '../sync/surroundings.js';
import type { CollectionState } from './state.js';

/** After a commit, and between looks whether maintenance has ended: longer than it waits, since a merge makes segments anew. */
const DELAY_MS = 250;

/**
 * Makes ready what words are looked up in, for collections whose words are asked for: in idle time after opening and
 * after every commit, of this tab or another, segment by segment. What it is not ready with is made by the query.
 */
export class KeywordsAhead {
  readonly #closed = new AbortController();
  /** Fields that are indexed beside the text, by what they are as JSON. */
  readonly #wanted = new Map<string, readonly string[]>();
  #isScheduled = false;
  #isAtWork = false;
  /** Something was committed or asked for since it began. */
  #isBehind = false;

  constructor(
    private readonly state: CollectionState,
    private readonly isMerging: () => boolean,
    private readonly sleep: Clock['sleep'],
  ) {
    state.onPublished(() => this.schedule());
  }

  /** From now on, with these fields of the metadata beside the text. */
  want(fields: readonly string[]): void {
    const key = JSON.stringify(fields);
    if (this.#wanted.has(key)) return;
    this.#wanted.set(key, fields);
    this.schedule();
  }

  schedule(): void {
    const { signal } = this.#closed;
    this.#isBehind = true;
    if (this.#isScheduled || this.#isAtWork || this.#wanted.size === 0 || signal.aborted) return;
    this.#isScheduled = true;
    void this.sleep(DELAY_MS, signal).then(() => {
      this.#isScheduled = false;
      if (signal.aborted) return;
      if (this.isMerging()) this.schedule();
      else void this.#begin();
    });
  }

  close(reason: VectorStoreError): void {
    this.#closed.abort(reason);
  }

  async #begin(): Promise<void> {
    this.#isAtWork = true;
    this.#isBehind = false;
    try {
      for (const fields of this.#wanted.values()) await this.#index(fields);
    } catch {
      // The query that needs it meets it again, and is told.
    }
    this.#isAtWork = false;
    if (this.#isBehind) this.schedule();
  }

  async #index(fields: readonly string[]): Promise<void> {
    const { signal } = this.#closed;
    const { keywordIndexOf } = await import('./ranked-queries.js');
    for (const { segment } of this.state.current.views) {
      // A commit may have taken it out; what is in its place is looked at next.
      if (this.#isBehind || signal.aborted) return;
      await keywordIndexOf(segment, fields, signal);
    }
  }
}
