import type {
  CallCounts,
  CallFault,
  Command,
  CommandMessage,
  FaultPlace,
  Report,
  ReportMessage,
} from './protocol.js';
import { databaseOf } from './protocol.js';
import { spawnTestingWorker } from './spawn-testing-worker.js';

/**
 * Faults for one store, to see what an application makes of them. Nothing is simulated in the store: its worker runs
 * as always, and the browser's functions below it fail.
 *
 * ```ts
 * const faults = makeFaults();
 * const store = await openStore('field-guide', { worker: faults.worker });
 * await faults.failCall({ on: 'put', error: 'quota-at-commit' });
 * ```
 */
export function makeFaults(): Faults {
  return new Faults();
}

/** Made by `makeFaults`. Commands act on the worker that was started last; faults that are set outlive it. */
export class Faults {
  /** For `openStore(name, { worker })`: starts the store's worker, with these faults. */
  readonly worker = (): Worker => this.#start();
  #live: Worker | undefined;
  /** Not yet come about: a worker that replaces a lost one gets them, too. */
  readonly #standing = new Map<number, Command>();
  readonly #commands = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #holds = new Map<number, { reached: () => void; token: string }>();
  #witness: string | undefined;
  #isOffline = false;
  #nextId = 1;
  #openTransactions = 0;
  readonly #listeners = new Set<(open: boolean) => void>();

  /**
   * Fails one storage call, the next by default, or the call at a named point of a commit. Resolves once the worker
   * knows; if there is none yet, the first one will.
   */
  async failCall(fault: CallFault): Promise<void> {
    await this.#stand({ do: 'fail', fault });
  }

  /**
   * Stops the worker, its whole thread, at a storage call or at a named point of a commit. Resolves once it stands
   * there: to go on, `release()`; or `crashWorker()`. The page's content security policy has to allow
   * `connect-src blob:`.
   */
  async holdAt(place: FaultPlace): Promise<void> {
    const token = URL.createObjectURL(new Blob(['hold']));
    this.#witness ??= URL.createObjectURL(new Blob(['alive']));
    const witness = this.#witness;
    const reached = new Promise<void>((resolve) => {
      this.#holds.set(this.#nextId, { reached: resolve, token });
    });
    await Promise.all([reached, this.#stand({ do: 'hold', place, token, witness })]);
  }

  /** Ends every hold, also those that are still to come. */
  release(): void {
    for (const { token } of this.#holds.values()) URL.revokeObjectURL(token);
    this.#holds.clear();
  }

  /** Storage calls of this worker, by name. */
  async calls(): Promise<CallCounts> {
    return ((await this.#ask({ do: 'count' })) ?? { total: 0, failed: 0, byCall: {} }) as CallCounts;
  }

  /** A transaction that writes is open, by what the worker last said. */
  get transactionOpen(): boolean {
    return this.#openTransactions > 0;
  }

  /** Calls the listener when transactions that write begin, and when all have ended. Returns what ends it. */
  onTransaction(listener: (open: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Closes the store's connections to IndexedDB, as browsers do when they lose their database's process. */
  async loseConnection(): Promise<void> {
    await this.#ask({ do: 'lose-connection' });
  }

  /** Deletes the database of a store, open or not, as browsers do that clear site data. */
  async evict(store: string): Promise<void> {
    if (this.#live !== undefined) {
      await this.#ask({ do: 'evict', store });
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const deletion = indexedDB.deleteDatabase(databaseOf(store));
      deletion.onsuccess = () => resolve();
      deletion.onerror = () => reject(deletion.error);
    });
  }

  /** Ends the worker, wherever it is. */
  crashWorker(): void {
    this.#live?.terminate();
  }

  /** Destroys the worker's GPU devices: the browser reports them as lost. */
  async loseGpu(): Promise<void> {
    await this.#ask({ do: 'lose-gpu' });
  }

  /** Makes the worker's `fetch` fail, or work again. A worker that replaces a lost one is offline, too. */
  async offline(offline = true): Promise<void> {
    this.#isOffline = offline;
    await this.#ask({ do: 'offline', offline });
  }

  /** Requests of this worker that have ended, by its resource timing; 0 where there is no worker. */
  async requests(): Promise<number> {
    return ((await this.#ask({ do: 'requests' })) ?? 0) as number;
  }

  /** Forgets all faults and holds, and counts from zero. */
  async reset(): Promise<void> {
    this.release();
    this.#standing.clear();
    this.#isOffline = false;
    await this.#ask({ do: 'reset' });
  }

  #start(): Worker {
    const worker = spawnTestingWorker();
    // However it is ended, also by the store when it closes: what waits for it will get no answer.
    worker.terminate = () => {
      Worker.prototype.terminate.call(worker);
      this.#ended(worker);
    };
    worker.addEventListener('message', ({ data }: MessageEvent<ReportMessage | undefined>) => {
      if (data?.nearshoreFaults !== undefined && worker === this.#live) this.#receive(data.nearshoreFaults);
    });
    this.#live = worker;
    this.#writing(0);
    for (const [id, command] of this.#standing) this.#send(id, command);
    if (this.#isOffline) void this.#ask({ do: 'offline', offline: true });
    return worker;
  }

  #ended(worker: Worker): void {
    if (worker !== this.#live) return;
    this.#live = undefined;
    this.#writing(0);
    for (const { resolve } of this.#commands.values()) resolve(undefined);
    this.#commands.clear();
  }

  #stand(command: Command): Promise<unknown> {
    this.#standing.set(this.#nextId, command);
    return this.#ask(command);
  }

  #ask(command: Command): Promise<unknown> {
    const id = this.#nextId++;
    if (this.#live === undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#commands.set(id, { resolve, reject });
      this.#send(id, command);
    });
  }

  #send(id: number, command: Command): void {
    const message: CommandMessage = { nearshoreFaults: command, id };
    this.#live?.postMessage(message);
  }

  #receive(report: Report): void {
    if (report.is === 'transactions') {
      this.#writing(report.open);
    } else if (report.is === 'spent') {
      this.#standing.delete(report.id);
      this.#holds.get(report.id)?.reached();
    } else {
      const command = this.#commands.get(report.id);
      this.#commands.delete(report.id);
      if (report.is === 'answer') command?.resolve(report.value);
      else command?.reject(new Error(`The worker could not do it: ${report.message}`));
    }
  }

  #writing(open: number): void {
    const changed = open > 0 !== this.#openTransactions > 0;
    this.#openTransactions = open;
    if (changed) for (const listener of this.#listeners) listener(open > 0);
  }
}
