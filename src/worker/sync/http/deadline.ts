/** Aborts a call with its caller's signal, or where nothing has happened for too long. */
export class Deadline {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onAbort = () => this.#controller.abort(this.outer.reason);

  constructor(private readonly outer: AbortSignal) {
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on. */
  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new Error(`nothing came for ${milliseconds / 1000} s`)),
      milliseconds,
    );
  }

  /** For what does not know of the signal. */
  race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** Ends what is still under way. */
  end(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }
}
