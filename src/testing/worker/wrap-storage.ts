import { REQUEST_CALLS, type StorageCall } from '../protocol.js';
import { isCommit } from './commit-points.js';
import type { Connections } from './connections.js';
import { failOpen } from './fail-request.js';
import { native } from './native.js';
import type { Rules } from './rules.js';
import { WatchedTransaction } from './watched-transaction.js';

/** From now on every call to IndexedDB in this scope is counted, and fails where the rules say so. */
export function wrapStorage(rules: Rules, connections: Connections, onCommitted: () => void): void {
  const watched = new WeakMap<IDBTransaction, WatchedTransaction>();
  /** The transaction that upgrades a database. */
  const upgrades = new WeakMap<IDBDatabase, WatchedTransaction>();

  const lose = (database: IDBDatabase) => connections.lose(database);

  function watch(transaction: IDBTransaction): WatchedTransaction {
    let found = watched.get(transaction);
    if (found === undefined) {
      // First, so that its end is known before the point "complete" is reached.
      connections.began(transaction);
      found = new WatchedTransaction(transaction, rules, lose, onCommitted);
      watched.set(transaction, found);
    }
    return found;
  }

  IDBFactory.prototype.open = function (name, version) {
    return opened('open', () => native.open.call(this, name, ...(version === undefined ? [] : [version])));
  };

  IDBFactory.prototype.deleteDatabase = function (name) {
    return opened('deleteDatabase', () => native.deleteDatabase.call(this, name));
  };

  IDBFactory.prototype.databases = async function () {
    const failure = rules.atCall('databases');
    if (failure !== undefined) throw failure.error;
    return native.databases.call(this);
  };

  function opened(name: 'open' | 'deleteDatabase', make: () => IDBOpenDBRequest): IDBOpenDBRequest {
    const failure = rules.atCall(name);
    if (failure?.from === 'call') throw failure.error;
    const request = make();
    if (failure !== undefined) failOpen(request, failure);
    else if (name === 'open') {
      request.addEventListener('upgradeneeded', () => {
        connections.opened(request.result);
        upgrades.set(request.result, watch(request.transaction!));
      });
      request.addEventListener('success', () => connections.opened(request.result));
    }
    return request;
  }

  IDBDatabase.prototype.close = function () {
    connections.closed(this);
    native.close.call(this);
  };

  IDBDatabase.prototype.transaction = function (...args) {
    const [stores, mode] = args;
    const reached = (point: 'before-transaction' | 'transaction-opened') =>
      isCommit(mode, [stores].flat() as string[]) ? rules.atPoint(point) : undefined;
    const failure = reached('before-transaction') ?? rules.atCall('transaction');
    if (failure?.losesConnection) connections.lose(this);
    if (failure?.from === 'call') throw failure.error;
    const transaction = native.transaction.apply(this, args);
    const watching = watch(transaction);
    watching.suffer(failure ?? reached('transaction-opened'));
    return transaction;
  };

  IDBTransaction.prototype.commit = function () {
    if (watch(this).endsWell()) native.commit.call(this);
  };

  for (const name of REQUEST_CALLS) wrapRequest(name);
  for (const name of ['createObjectStore', 'deleteObjectStore'] as const) wrapUpgradeStep(name);

  function wrapRequest(name: StorageCall): void {
    const methods = IDBObjectStore.prototype as unknown as Record<string, (...args: unknown[]) => IDBRequest>;
    const method = methods[name]!;
    methods[name] = function (this: IDBObjectStore, ...args) {
      return watch(this.transaction).request(name, this.name, () => method.apply(this, args));
    };
  }

  function wrapUpgradeStep(name: 'createObjectStore' | 'deleteObjectStore'): void {
    const methods = IDBDatabase.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const method = methods[name]!;
    methods[name] = function (this: IDBDatabase, ...args) {
      upgrades.get(this)?.throwIfDue(name);
      return method.apply(this, args);
    };
  }
}
