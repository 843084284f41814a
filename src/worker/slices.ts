/** How long a loop may hold the worker's thread before waiting messages (queries) get their turn. */
export const SLICE_MS = 8;

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets a message that is already waiting run first. A posted message, since timers are clamped to 4 ms. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(undefined);
  });
}

/** For long loops: `if (slice.isOver()) await slice.next(signal)`. */
export class Slice {
  #endsAt = performance.now() + SLICE_MS;

  isOver(): boolean {
    return performance.now() >= this.#endsAt;
  }

  async next(): Promise<void> {
    await pause();
    this.#endsAt = performance.now() + SLICE_MS;
  }
}

/** Runs tasks one after another; a failed task does not stop the next. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
