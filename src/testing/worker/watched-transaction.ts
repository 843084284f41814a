import type { StorageCall } from '../protocol.js';
import { CommitPoints, isCommit } from './commit-points.js';
import { abortWith, failRequest } from './fail-request.js';
import { native } from './native.js';
import type { Failure, Rules } from './rules.js';

/** One transaction: its calls fail as the rules say, and so does its end, which is noticed just before it comes. */
export class WatchedTransaction {
  readonly #points: CommitPoints | undefined;
  /** Falls on the next call that can have it, or on the end. */
  #waiting: Failure | undefined;
  /** Falls on the end. */
  #atEnd: Failure | undefined;
  #isWedged = false;
  #pending = 0;
  #isOver = false;

  constructor(
    private readonly transaction: IDBTransaction,
    private readonly rules: Rules,
    private readonly lose: (database: IDBDatabase) => void,
    onCommitted: () => void,
  ) {
    const { mode, objectStoreNames } = transaction;
    if (isCommit(mode, objectStoreNames)) {
      this.#points = new CommitPoints((point) => this.suffer(rules.atPoint(point)));
    }
    transaction.addEventListener('complete', () => {
      this.#isOver = true;
      if (this.#points === undefined) return;
      this.#points.completed();
      onCommitted();
    });
    transaction.addEventListener('abort', () => {
      this.#isOver = true;
    });
  }

  /** Will fail: at once where it can, or with the next call, or at its end. */
  suffer(failure: Failure | undefined): void {
    if (failure?.from === 'commit') this.#atEnd ??= failure;
    else if (failure !== undefined) this.#waiting ??= failure;
    // Without a request there would be no end to notice.
    if (failure !== undefined && this.#pending === 0 && !this.#isOver) this.#probe();
  }

  request(name: StorageCall, store: string, make: () => IDBRequest): IDBRequest {
    this.#points?.beforeCall(name, store);
    const counted = this.rules.atCall(name);
    if (this.#isWedged) throw new DOMException('A fault came before', 'InvalidStateError');
    const failure = this.#waiting ?? counted;
    this.#waiting = undefined;
    if (failure?.from === 'call') throw this.#thrown(failure);
    const request = make();
    this.#pending++;
    if (failure?.from === 'request') {
      if (failure.wedges) request.addEventListener('success', () => this.#wedge());
      failRequest(request, failure, () => {
        if (!this.#isOver) abortWith(this.transaction, failure.error);
      });
    }
    if (failure?.from === 'commit') this.#atEnd ??= failure;
    const settle = () => {
      if (--this.#pending === 0) this.#probe();
    };
    request.addEventListener('success', settle);
    request.addEventListener('error', settle);
    this.#points?.afterCall(name, store, request);
    return request;
  }

  /** Calls without a request: making and deleting object stores. */
  throwIfDue(name: StorageCall): void {
    const failure = this.rules.atCall(name);
    if (failure?.from === 'call') throw this.#thrown(failure);
    this.suffer(failure);
  }

  /** `IDBTransaction.commit()`: true unless it fails. */
  endsWell(): boolean {
    if (this.#isOver) return true;
    this.#isOver = true;
    this.#points?.beforeCall('complete', '');
    const counted = this.transaction.mode === 'readonly' ? undefined : this.rules.atCall('complete');
    const atPoint = this.#points && this.rules.atPoint('requests-succeeded');
    const failure = this.#atEnd ?? this.#waiting ?? counted ?? atPoint;
    if (failure === undefined) return true;
    if (failure.losesConnection) this.lose(this.transaction.db);
    else abortWith(this.transaction, failure.error);
    return false;
  }

  /** A request of our own, whose success comes when whoever waits for the last one has had the time to go on. */
  #probe(): void {
    if (this.#isOver) return;
    const isWatched = this.transaction.mode !== 'readonly' || this.#atEnd || this.#waiting;
    const [store] = this.transaction.objectStoreNames;
    if (!isWatched || store === undefined) return;
    let probe: IDBRequest;
    try {
      probe = native.getKey.call(this.transaction.objectStore(store), 0);
    } catch {
      // It was aborted, and its `abort` event has not come yet.
      return;
    }
    probe.addEventListener('success', () => {
      if (this.#pending === 0) this.endsWell();
    });
    probe.addEventListener('error', (event) => event.stopPropagation());
  }

  #wedge(): void {
    this.#isWedged = true;
  }

  #thrown(failure: Failure): DOMException {
    if (failure.losesConnection) this.lose(this.transaction.db);
    return failure.error;
  }
}
