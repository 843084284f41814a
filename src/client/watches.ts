import { VectorStoreError } from '../shared/errors.js';
import type { CollectionRef } from '../shared/worker-api.js';
import type { WorkerLink } from './worker-link.js';

/** Before a lost worker is replaced for it. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

interface Watch {
  readonly ended: AbortController;
  listeners: number;
}

/** Lets the worker of a remote store watch the collections that have listeners, each once for the page. */
export class Watches {
  /** By the collection's id. */
  readonly #watches = new Map<number, Watch>();

  constructor(private readonly link: WorkerLink) {}

  /** Returns a function that ends it; calling that again does nothing. */
  add(ref: CollectionRef): () => void {
    let watch = this.#watches.get(ref.id);
    if (watch === undefined) {
      watch = { ended: new AbortController(), listeners: 0 };
      this.#watches.set(ref.id, watch);
      void this.#run(ref, watch.ended.signal);
    }
    const own = watch;
    own.listeners++;
    let isOn = true;
    return () => {
      if (!isOn) return;
      isOn = false;
      if (--own.listeners > 0) return;
      own.ended.abort();
      this.#watches.delete(ref.id);
    };
  }

  async #run(ref: CollectionRef, signal: AbortSignal): Promise<void> {
    for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        return await this.link.call((api, call) => api.watch(call, ref), { signal });
      } catch (error) {
        // Another worker goes on; everything else is told by the calls of the app.
        if (!(error instanceof VectorStoreError) || error.code !== 'WORKER_LOST') return;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }
}
