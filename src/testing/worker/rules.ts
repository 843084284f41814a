import type {
  CallCounts,
  CallFault,
  CommitPoint,
  FaultPlace,
  StorageCall,
  StorageFailure,
} from '../protocol.js';

/** A failure in the terms that calls are wrapped in. */
export interface Failure {
  readonly error: DOMException;
  readonly from: 'call' | 'request' | 'commit';
  /** The transaction is of no use afterwards: its calls throw. */
  readonly wedges: boolean;
  readonly losesConnection: boolean;
}

interface Rule {
  readonly place: FaultPlace;
  /** Absent: a hold. */
  readonly failure?: StorageFailure;
  readonly onSpent: () => void;
  seen: number;
  left: number;
}

/** What is to happen at which call, and how many calls there were. */
export class Rules {
  #rules: Rule[] = [];
  #counts = new Map<StorageCall, number>();
  #failed = 0;
  #isHeld = false;

  /**
   * Somebody asks while a hold lasts: then the thread is being ended. Chromium ends only the script that is held, and
   * would let the other listeners of the same event go on.
   */
  get isEnding(): boolean {
    return this.#isHeld;
  }

  fail(fault: CallFault, onSpent: () => void = () => {}): void {
    const { error: failure, times = 1, ...place } = fault;
    this.#rules.push({ place, failure, onSpent, seen: 0, left: times });
  }

  /** `block` runs at the place, and what called there waits for it. */
  hold(place: FaultPlace, block: () => void): void {
    const onSpent = () => {
      this.#isHeld = true;
      block();
      this.#isHeld = false;
    };
    this.#rules.push({ place, onSpent, seen: 0, left: 1 });
  }

  counts(): CallCounts {
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    return { total, failed: this.#failed, byCall: Object.fromEntries(this.#counts) };
  }

  reset(): void {
    this.#rules = [];
    this.#counts.clear();
    this.#failed = 0;
  }

  /** Counts the call; the failure that falls due with it. */
  atCall(name: StorageCall): Failure | undefined {
    if (this.#isHeld) throw new DOMException('This thread is being ended', 'InvalidStateError');
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return this.#due(({ place }) => {
      if ('point' in place) return false;
      return place.on === undefined || [place.on].flat().includes(name);
    });
  }

  atPoint(point: CommitPoint): Failure | undefined {
    return this.#due(({ place }) => 'point' in place && place.point === point);
  }

  #due(isMeant: (rule: Rule) => boolean): Failure | undefined {
    let due: Failure | undefined;
    for (const rule of this.#rules.filter(isMeant)) {
      rule.seen++;
      const from = 'point' in rule.place ? 1 : (rule.place.call ?? 1);
      if (rule.seen < from || rule.left === 0) continue;
      // One call fails in one way; the other rule takes the next.
      if (rule.failure !== undefined && due !== undefined) continue;
      rule.left--;
      if (rule.failure !== undefined) {
        due = failureOf(rule.failure);
        this.#failed++;
      }
      if (rule.left > 0) continue;
      this.#rules = this.#rules.filter((each) => each !== rule);
      rule.onSpent();
    }
    return due;
  }
}

function failureOf(failure: StorageFailure): Failure {
  const make = (name: string, from: Failure['from'], more: Partial<Failure> = {}): Failure => ({
    error: new DOMException(`A fault of nearshore/testing: ${name}`, name),
    from,
    wedges: false,
    losesConnection: false,
    ...more,
  });
  switch (failure) {
    case 'quota-at-commit':
      return make('QuotaExceededError', 'commit');
    case 'quota-at-request':
      return make('QuotaExceededError', 'request', { wedges: true });
    case 'connection-lost':
      return make('InvalidStateError', 'call', { losesConnection: true });
    case 'unknown-error':
      return make('UnknownError', 'request');
    case 'invalid-state':
      return make('InvalidStateError', 'call');
    case 'abort-at-commit':
      return make('AbortError', 'commit');
    default:
      return make(failure.name, failure.from);
  }
}
