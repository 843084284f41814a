import { databaseOf } from '../protocol.js';
import { abortWith } from './fail-request.js';
import { native } from './native.js';

/** The connections and transactions that are open in this scope. */
export class Connections {
  readonly #databases = new Map<IDBDatabase, Set<IDBTransaction>>();
  readonly #writing = new Set<IDBTransaction>();

  constructor(private readonly onWriting: (open: number) => void) {}

  opened(database: IDBDatabase): void {
    if (this.#databases.has(database)) return;
    this.#databases.set(database, new Set());
    database.addEventListener('close', () => this.closed(database));
  }

  closed(database: IDBDatabase): void {
    this.#databases.delete(database);
  }

  began(transaction: IDBTransaction): void {
    const running = this.#databases.get(transaction.db);
    running?.add(transaction);
    const writes = transaction.mode !== 'readonly';
    if (writes) this.onWriting(this.#writing.add(transaction).size);
    const end = () => {
      running?.delete(transaction);
      if (writes && this.#writing.delete(transaction)) this.onWriting(this.#writing.size);
    };
    transaction.addEventListener('complete', end);
    transaction.addEventListener('abort', end);
  }

  /** As browsers close a connection by force: transactions abort, later calls throw, then comes a `close` event. */
  lose(database: IDBDatabase): void {
    this.#cut(database);
    setTimeout(() => database.dispatchEvent(new Event('close')));
  }

  loseAll(): void {
    for (const database of [...this.#databases.keys()]) this.lose(database);
  }

  /** As a browser clears site data: the database goes, whoever has it open. */
  async evict(store: string): Promise<void> {
    const name = databaseOf(store);
    const open = [...this.#databases.keys()].filter((database) => database.name === name);
    for (const database of open) this.#cut(database);
    const deletion = native.deleteDatabase.call(indexedDB, name);
    await new Promise<void>((resolve, reject) => {
      deletion.addEventListener('success', () => resolve());
      deletion.addEventListener('error', () => reject(deletion.error));
    });
    for (const database of open) database.dispatchEvent(new Event('close'));
  }

  #cut(database: IDBDatabase): void {
    for (const transaction of this.#databases.get(database) ?? []) {
      abortWith(transaction, new DOMException('The connection was closed', 'AbortError'));
    }
    native.close.call(database);
  }
}
