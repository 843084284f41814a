import type { Clock } from './surroundings.js';

// Without a reason, each would make an exception with its stack.
const WOKEN = 'woken';

/** Sleeps until a time, or until it is woken; being woken while awake makes the next sleep end at once. */
export class Sleeper {
  #woken = false;
  #waking: AbortController | undefined;

  constructor(private readonly clock: Clock) {}

  wake(): void {
    this.#woken = true;
    this.#waking?.abort(WOKEN);
  }

  /** @param until by `clock.elapsed` */
  async sleep(until: number): Promise<void> {
    if (!this.#woken) {
      this.#waking = new AbortController();
      await this.clock.sleep(Math.max(0, until - this.clock.elapsed()), this.#waking.signal);
      this.#waking = undefined;
    }
    this.#woken = false;
  }
}
