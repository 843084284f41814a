import { errorFromWire, errorToWire, VectorStoreError } from '../shared/errors.js';
import type { AboutSync, Outcome, Question, Told } from '../shared/worker-api.js';
import { PageSync, type PageSyncParts } from './page-sync.js';
import type { CheckedRemote } from './remote-options.js';

/** n texts → n × dimension, row-major. */
export type EmbedTexts = (texts: readonly string[]) => Promise<Float32Array>;

/** The syncs of one store on a page, and the functions of the app that its worker asks. */
export class PageSyncs {
  /** By the collection's id. */
  readonly #syncs = new Map<number, PageSync>();
  /** Of collections that are embedded anew, by the numbers that the worker knows them by. */
  readonly embedders = new Map<number, EmbedTexts>();
  /** Given to `openStore`. */
  remote: CheckedRemote | undefined;

  /** Throws `CONFIG_MISMATCH` where the collection is synced with another server. */
  of(collection: number, parts: Omit<PageSyncParts, 'onEnd'>): PageSync {
    const there = this.#syncs.get(collection);
    if (there !== undefined) {
      refuseOtherUrls(parts.config.name, there.remote.urls, parts.remote.urls);
      return there;
    }
    const sync: PageSync = new PageSync({
      ...parts,
      onEnd: () => {
        if (this.#syncs.get(collection) === sync) this.#syncs.delete(collection);
      },
    });
    this.#syncs.set(collection, sync);
    return sync;
  }

  get(collection: number): PageSync | undefined {
    return this.#syncs.get(collection);
  }

  receive(message: AboutSync, post: (message: Told) => void): void {
    if (message.nearshore === 'ask') void this.#answer(message.ask, message.question, post);
    else if (message.nearshore === 'sync-lost') this.#syncs.get(message.collection)?.tellLost(message.lost);
    else {
      const { error, ...status } = message.status;
      this.#syncs
        .get(message.collection)
        ?.tell({ ...status, ...(error && { error: errorFromWire(error) as VectorStoreError }) });
    }
  }

  async #answer(ask: number, question: Question, post: (message: Told) => void): Promise<void> {
    let outcome: Outcome<unknown>;
    try {
      outcome = { ok: true, value: await this.#ask(question) };
    } catch (error) {
      outcome = { ok: false, error: errorToWire(error) };
    }
    try {
      post({ nearshore: 'told', ask, outcome });
    } catch (error) {
      // What the app returned cannot be cloned.
      post({ nearshore: 'told', ask, outcome: { ok: false, error: errorToWire(error) } });
    }
  }

  #ask(question: Question): unknown {
    if (question.about === 'embed') return this.embedders.get(question.embedder)?.(question.texts);
    const sync = this.#syncs.get(question.collection);
    if (question.about === 'token') return (sync?.remote ?? this.remote)?.getToken?.();
    if (sync === undefined) {
      throw new VectorStoreError(
        'CLOSED',
        'The sync was stopped while a conflict was to be merged. The write stays pending. Call sync() to go on.',
      );
    }
    return sync.merge(question.sides);
  }
}

function refuseOtherUrls(name: string, urls: readonly string[], asked: readonly string[]): void {
  if (urls.join() === asked.join()) return;
  throw new VectorStoreError(
    'CONFIG_MISMATCH',
    `Collection "${name}" is synced with ${urls.join(', ')} on this page, not with ${asked.join(', ')}. A collection has one server, where its checkpoint counts. ` +
      'Use the same URLs, or stop the other sync first.',
  );
}
