const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How long to wait after failures in a row: up to 1 s, doubled up to 60 s, each with full jitter (Brooker, "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015), so that the clients of a server that comes back do not meet.
 */
export class Backoff {
  #failures = 0;

  /** @param random in [0, 1) */
  constructor(private readonly random: () => number) {}

  /**
   * Milliseconds to wait after one more failure.
   *
   * @param atLeastMs what the server asked for (`Retry-After`); the jitter comes on top
   */
  next(atLeastMs = 0): number {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures++;
    return atLeastMs + Math.floor(longest * this.random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
