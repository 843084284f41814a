import { deleteDB, openDB } from 'idb';
import type { VectorStoreError } from '../../shared/errors.js';
import {
  closedError,
  isConnectionLoss,
  lostError,
  outdatedError,
  unseenEndError,
  waitedInVainError,
} from './connection-errors.js';
import { fromIdbError } from './idb-errors.js';
import { Identity } from './identity.js';
import { DATABASE_VERSION, type Database, databaseName, type Schema } from './schema.js';
import type { CollectionRow } from './storage.js';
import { abortQuietly, transactRead } from './transact.js';
import { Upgrade } from './upgrade.js';

/** How long another tab may keep us waiting before we say so. */
const BLOCKED_MS = 10_000;

export interface ConnectionEvents {
  /** The data is gone or another's: told once. */
  readonly onLost: (reason: string) => void;
  /** Another tab has begun an upgrade: told once. */
  readonly onOutdated: (reason: string) => void;
}

/** One call that is tried, and tried once more on a new handle where the first was lost under it. */
export interface Attempt {
  readonly isRetry: boolean;
  /** The attempt before may have ended well. A task clears it once it has looked. */
  isUnseen: boolean;
  /** A task sets it once all of a write is on its way: if the connection is lost from then on, its end is unseen. */
  isHandedOver: boolean;
}

/**
 * The only holder of a store's `IDBDatabase`. A handle that is lost is dropped and opened again; what is opened is
 * compared with what was known, and never created, so that an emptied store is not continued.
 */
export class Connection {
  readonly #name: string;
  #handle: Promise<Database> | undefined;
  #database: Database | undefined;
  #identity: Identity | undefined;
  #ended: VectorStoreError | undefined;

  constructor(
    private readonly storeName: string,
    private readonly events: ConnectionEvents,
  ) {
    this.#name = databaseName(storeName);
  }

  /** Why no call can succeed any more. */
  get ended(): VectorStoreError | undefined {
    return this.#ended;
  }

  /** From now on the database is that one or lost. */
  identify(databaseId: string): void {
    this.#identity ??= new Identity(databaseId);
  }

  saw(row: Pick<CollectionRow, 'id' | 'generation'>): void {
    this.#identity?.saw(row);
  }

  /** `task` may run twice, and must be done in one transaction. */
  async run<T>(doing: string, task: (database: Database, attempt: Attempt) => Promise<T>): Promise<T> {
    let attempt: Attempt = { isRetry: false, isUnseen: false, isHandedOver: false };
    for (;;) {
      let database: Database | undefined;
      try {
        database = await this.#open();
        return await task(database, attempt);
      } catch (error) {
        let isUnseen = attempt.isUnseen && this.#ended?.code !== 'STORAGE_LOST';
        if (database !== undefined && isLost(error, database)) {
          this.#drop(database);
          isUnseen ||= attempt.isHandedOver;
          if (!attempt.isRetry) {
            attempt = { isRetry: true, isUnseen, isHandedOver: false };
            continue;
          }
        } else if (database !== undefined && (error as Error).name === 'QuotaExceededError') {
          // Firefox may answer nothing more until the database is opened anew.
          this.#drop(database);
        }
        const own = fromIdbError(error, doing);
        const isTold = (own as VectorStoreError).outcome !== undefined;
        throw isUnseen && !isTold ? unseenEndError(doing, own) : own;
      }
    }
  }

  close(): void {
    this.#end(closedError(this.storeName));
  }

  async destroy(): Promise<void> {
    this.close();
    try {
      await onceMore(() => withDeadline(this.#name, deleteDB(this.#name), () => {}));
    } catch (error) {
      throw fromIdbError(error, `deleting store "${this.storeName}"`);
    }
  }

  #open(): Promise<Database> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#handle === undefined) {
      const handle = onceMore(() => withDeadline(this.#name, this.#connect(), (late) => late.close()));
      this.#handle = handle;
      handle.then(
        (database) => {
          if (this.#ended !== undefined) database.close();
          else if (this.#handle === handle) this.#database = database;
        },
        () => {
          if (this.#handle === handle) this.#handle = undefined;
        },
      );
    }
    return this.#handle;
  }

  async #connect(): Promise<Database> {
    const identity = this.#identity;
    const upgrade = new Upgrade(this.storeName);
    let isGone = false;
    let fault: unknown;
    let database: Database;
    try {
      database = await openDB<Schema>(this.#name, DATABASE_VERSION, {
        upgrade: (upgraded, oldVersion, _, tx) => {
          tx.done.catch(() => undefined);
          isGone = oldVersion === 0 && identity !== undefined;
          try {
            if (!isGone) return upgrade.run(upgraded, oldVersion, tx);
          } catch (error) {
            // Uncaught here, it would end the worker.
            fault = error;
          }
          abortQuietly(tx);
        },
        blocking: (_, newVersion) => {
          database.close();
          this.#giveWay(newVersion);
        },
        terminated: () => this.#onTerminated(database),
      });
    } catch (error) {
      if (isGone) throw this.#lose('the browser or the user has cleared it');
      if (upgrade.failure !== undefined) throw upgrade.failure;
      if (fault !== undefined) throw fault;
      throw (error as Error).name === 'AbortError' ? closedWhileOpening(error) : error;
    }
    try {
      const mismatch = await identity?.mismatch(database);
      if (mismatch !== undefined) throw this.#lose(mismatch);
      return database;
    } catch (error) {
      const isLost = error instanceof DOMException && !isOpen(database);
      database.close();
      throw isLost ? closedWhileOpening(error) : error;
    }
  }

  /** Nobody may be calling now: the loss is told all the same. */
  #onTerminated(database: Database): void {
    if (this.#database !== database) return;
    this.#drop(database);
    this.#open().catch(() => undefined);
  }

  /** Another tab waits for this one: transactions that have begun end, nothing new begins. */
  #giveWay(newVersion: number | null): void {
    if (this.#ended !== undefined) return;
    if (newVersion === null) {
      this.#lose('another tab, or the user, has deleted it');
      return;
    }
    this.#end(outdatedError(this.storeName));
    this.events.onOutdated(
      `Another tab upgrades the database to version ${newVersion}; this release uses ${DATABASE_VERSION}. Reload this tab.`,
    );
  }

  #lose(reason: string): VectorStoreError {
    if (this.#ended !== undefined) return this.#ended;
    const error = lostError(this.storeName, reason);
    this.#end(error);
    this.events.onLost(reason);
    return error;
  }

  #end(reason: VectorStoreError): void {
    this.#ended ??= reason;
    if (this.#database !== undefined) this.#drop(this.#database);
  }

  #drop(database: Database): void {
    database.close();
    if (this.#database !== database) return;
    this.#database = undefined;
    this.#handle = undefined;
  }
}

function isLost(error: unknown, database: Database): boolean {
  if ((error as Error).name === 'QuotaExceededError') return false;
  return isConnectionLoss(error) || (error instanceof DOMException && !isOpen(database));
}

/** Asked where a transaction was aborted: the `close` event comes after that. */
function isOpen(database: Database): boolean {
  try {
    void transactRead(database, ['meta'], async () => undefined);
    return true;
  } catch {
    return false;
  }
}

function closedWhileOpening(cause: unknown): Error {
  return new DOMException(`closed while it was opened (${cause})`, 'InvalidStateError');
}

async function onceMore<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isConnectionLoss(error)) throw error;
    return call();
  }
}

/**
 * A connection in another tab may be in the way for ever, and a request that is queued behind another one's wait is
 * not told: so the time runs from the start. What comes too late is given to `discard`.
 */
function withDeadline<T>(name: string, started: Promise<T>, discard: (late: T) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(waitedInVainError(name, BLOCKED_MS / 1000));
    }, BLOCKED_MS);
    started
      .then((value) => (isLate ? discard(value) : resolve(value)), reject)
      .finally(() => clearTimeout(timer));
  });
}
