import { setImmediate } from 'node:timers/promises';

/** How long one request may hold the thread, in milliseconds. */
const TURN_MS = 8;

/** Lets the others have their turn in long computations. */
export class Turn {
  #end = performance.now() + TURN_MS;

  isOver(): boolean {
    return performance.now() >= this.#end;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#end = performance.now() + TURN_MS;
  }
}
