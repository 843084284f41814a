import type { Clock, Network } from './surroundings.js';

interface Sleep {
  readonly until: number;
  readonly end: () => void;
}

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  /** How much the wall clock is ahead. */
  skewMs = 0;
  readonly #sleeps = new Set<Sleep>();
  #elapsed = 0;

  constructor(private readonly beganAt = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.beganAt + this.skewMs + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleep: Sleep = {
        until: this.#elapsed + milliseconds,
        end: () => {
          this.#sleeps.delete(sleep);
          resolve();
        },
      };
      this.#sleeps.add(sleep);
      signal.addEventListener('abort', sleep.end, { once: true });
      if (signal.aborted || milliseconds <= 0) sleep.end();
    });
  }

  /** Somebody sleeps. */
  get isAwaited(): boolean {
    return this.#sleeps.size > 0;
  }

  /** Ends the sleeps that are over by then, without waiting for what follows. */
  pass(milliseconds: number): void {
    this.#elapsed += milliseconds;
    for (const sleep of [...this.#sleeps]) if (sleep.until <= this.#elapsed) sleep.end();
  }
}

export class ManualNetwork implements Network {
  #online = true;
  readonly #listeners = new Set<() => void>();

  get online(): boolean {
    return this.#online;
  }

  set online(online: boolean) {
    this.#online = online;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Lets everything go on that waits for nothing but promises and immediate tasks. */
export async function settleTasks(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
