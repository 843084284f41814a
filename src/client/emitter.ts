/** Typed events. A listener that throws is reported like any uncaught error, and stops no other. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();
  readonly #waiting = new Map<keyof Events, () => void>();

  /** Returns a function that takes the listener off again. */
  on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    const deliver = this.#waiting.get(event);
    if (deliver !== undefined) {
      this.#waiting.delete(event);
      queueMicrotask(deliver);
    }
    return () => listeners.delete(listener);
  }

  /** For what happened before anybody could listen: told once, to the first that come. */
  emitToFirst<K extends keyof Events>(event: K, detail: Events[K]): void {
    this.#waiting.set(event, () => this.emit(event, detail));
  }

  emit<K extends keyof Events>(event: K, detail: Events[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as (detail: Events[K]) => void)(detail);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
