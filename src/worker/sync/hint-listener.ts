import { VectorStoreError } from '../../shared/errors.js';
import type { Hint } from '../../shared/sync/protocol.js';
import { Backoff } from './backoff.js';
import { Sleeper } from './sleeper.js';
import type { Clock } from './surroundings.js';
import type { SyncTransport } from './transport.js';

interface Listening {
  readonly transport: SyncTransport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onHint: (hint: Hint) => void;
  /** Hints come from now on; those before were missed. */
  readonly onOpen: () => void;
  readonly signal: AbortSignal;
}

/** Keeps the stream of hints open: where it ends, it is opened again after a while, or once a round has ended well. */
export class HintListener {
  readonly #backoff: Backoff;
  readonly #sleeper: Sleeper;
  readonly #ended: Promise<void>;
  #isRefused = false;

  constructor(private readonly parts: Listening) {
    this.#backoff = new Backoff(parts.random);
    this.#sleeper = new Sleeper(parts.clock);
    parts.signal.addEventListener('abort', () => this.#sleeper.wake(), { once: true });
    this.#ended = this.#run();
  }

  /** A round has ended well: what was refused before may be granted now. */
  serverIsThere(): void {
    if (this.#isRefused) this.#sleeper.wake();
  }

  /** Resolves after the signal has aborted. */
  ended(): Promise<void> {
    return this.#ended;
  }

  async #run(): Promise<void> {
    const { transport, clock, onHint, signal } = this.parts;
    while (!signal.aborted) {
      this.#isRefused = false;
      let retryAfterMs: number | undefined;
      try {
        await transport.hints(
          onHint,
          () => {
            this.#backoff.reset();
            this.parts.onOpen();
          },
          signal,
        );
      } catch (error) {
        // What is wrong is told by the rounds; without hints these still poll.
        if (error instanceof VectorStoreError) {
          this.#isRefused = error.code !== 'SERVER_UNAVAILABLE';
          retryAfterMs = error.retryAfterMs;
        }
      }
      if (signal.aborted) return;
      const wait = this.#isRefused ? Number.POSITIVE_INFINITY : this.#backoff.next(retryAfterMs);
      await this.#sleeper.sleep(clock.elapsed() + wait);
    }
  }
}
