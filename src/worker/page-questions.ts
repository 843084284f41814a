import { errorFromWire, VectorStoreError } from '../shared/errors.js';
import type { AboutSync, Question, Told } from '../shared/worker-api.js';

interface Asked {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

/** Asks the page what only the app's functions can tell. */
export class PageQuestions {
  readonly #asked = new Map<number, Asked>();
  #next = 1;
  #gone: VectorStoreError | undefined;

  constructor(private readonly post: (message: AboutSync) => void) {}

  /** Rejects with what the function rejects with, and with `CLOSED` once the page has gone. */
  ask<T>(question: Question): Promise<T> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const ask = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#asked.set(ask, { resolve, reject });
      this.post({ nearshore: 'ask', ask, question });
    });
  }

  receive({ ask, outcome }: Told): void {
    const asked = this.#asked.get(ask);
    this.#asked.delete(ask);
    if (outcome.ok) asked?.resolve(outcome.value as never);
    else asked?.reject(errorFromWire(outcome.error));
  }

  close(): void {
    this.#gone = new VectorStoreError(
      'CLOSED',
      'The page has closed the store while it was asked for a token, a merged record or vectors. Nobody is there to answer. Open the store again, and repeat the call.',
    );
    for (const { reject } of this.#asked.values()) reject(this.#gone);
    this.#asked.clear();
  }
}
