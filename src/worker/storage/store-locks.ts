import { abortedError } from '../../shared/errors.js';
import { Queue } from '../slices.js';
import { LocalLock, type LockMode } from './local-lock.js';

/**
 * The locks of one store: Web Locks, which all tabs share and which end with the tab that holds them. Where there are
 * none, this worker's own: other tabs are caught by the generation in `commit`.
 */
export class StoreLocks {
  readonly #writes = new Queue();
  readonly #maintenance = new LocalLock();
  readonly #reembed = new LocalLock();

  /** @param name of the database */
  constructor(private readonly name: string) {}

  exclusively<T>(task: () => Promise<T>): Promise<T> {
    const locks = webLocks();
    if (locks === undefined) return this.#writes.run(task);
    return this.#writes.run(() => locks.request(`${this.name}:write`, task) as Promise<T>);
  }

  maintenanceLock<T>(mode: LockMode, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#request('maintenance', this.#maintenance, mode, task, signal);
  }

  reembedLock<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#request('reembed', this.#reembed, 'exclusive', task, signal);
  }

  /** @param local stands in where there are no Web Locks */
  async #request<T>(
    what: string,
    local: LocalLock,
    mode: LockMode,
    task: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const locks = webLocks();
    if (locks === undefined) return local.run(mode, task, signal);
    let hasBegun = false;
    const begin = () => {
      hasBegun = true;
      return task();
    };
    const options = signal === undefined ? { mode } : { mode, signal };
    try {
      return await (locks.request(`${this.name}:${what}`, options, begin) as Promise<T>);
    } catch (error) {
      if (!hasBegun && signal?.aborted) throw abortedError(signal.reason);
      throw error;
    }
  }
}

/** Runs the task in one tab at a time. The signal ends the waiting, not the task. */
export function tabLock<T>(
  locks: LockManager,
  name: string,
  task: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return locks.request(name, { signal }, task) as Promise<T>;
}

export function webLocks(): LockManager | undefined {
  return globalThis.navigator?.locks;
}
