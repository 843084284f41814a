import type { Precision } from '../compute/kernels.js';
import { Queue } from '../slices.js';

/** Undefined: they stay in storage. */
type Plan = ReadonlyMap<Tenant, Precision | undefined>;

/** From coarse to fine. */
const PRECISIONS: readonly Precision[] = ['int8', 'int16', 'float32'];

/** Rows that want to be in memory. */
export interface Tenant {
  /** No finer one is wanted. */
  readonly finest: Precision;
  /** Undefined: not possible here. */
  bytesAt(precision: Precision): number | undefined;
  /**
   * Holds them as it was told last (`MemoryBudget.toldTo`). Resolves when what was held is gone and what is to be held
   * is there, and does not reject.
   */
  follow(): Promise<void>;
}

/**
 * What the large segments of a store are held as, so that together they stay within a number of bytes: float32, int16,
 * int8, or not at all. In rounds from coarse to fine, small ones first, each gets the next precision if there is room.
 *
 * Plans are made one after the other. A plan waits for whoever has to become coarser or go; whoever asks meanwhile
 * holds nothing and is not waited for, so that a tenant may ask from wherever it is.
 */
export class MemoryBudget {
  /** What each tenant was told last. */
  readonly #told = new Map<Tenant, Precision | undefined>();
  /** Hold nothing, and wait to be told. */
  readonly #asking = new Map<Tenant, (precision: Precision | undefined) => void>();
  /** Ends the waiting of the plan under way for a tenant. */
  readonly #awaited = new Map<Tenant, () => void>();
  /** What has left and is still there. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #work = new Queue();
  #planning: Promise<void> | undefined;
  #plans = 0;
  #reserved = 0;

  /** @param bytes undefined: everybody gets the finest. */
  constructor(private readonly bytes: number | undefined) {}

  get isLimited(): boolean {
    return this.bytes !== undefined;
  }

  /** Sets bytes aside for what is always in memory; gives back what they were set aside for when it is called. */
  reserve(bytes: number): () => void {
    let left = bytes;
    const change = (by: number) => {
      this.#reserved += by;
      void this.rebalance();
    };
    change(bytes);
    return () => {
      change(-left);
      left = 0;
    };
  }

  /**
   * What a tenant that holds nothing may hold; others have made room when it resolves. Undefined: it stays in storage,
   * or it has left.
   */
  admit(tenant: Tenant): Promise<Precision | undefined> {
    return new Promise((resolve) => {
      this.#told.set(tenant, undefined);
      this.#asking.set(tenant, resolve);
      this.#awaited.get(tenant)?.();
      void this.rebalance();
    });
  }

  toldTo(tenant: Tenant): Precision | undefined {
    return this.#told.get(tenant);
  }

  /** @param gone resolves when what it held is */
  leave(tenant: Tenant, gone: Promise<void>): void {
    if (!this.#told.delete(tenant)) return;
    this.#asking.get(tenant)?.(undefined);
    this.#asking.delete(tenant);
    this.#awaited.get(tenant)?.();
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
    void this.rebalance();
  }

  /** Makes a new plan. Resolves when everybody who has to has become coarser; the others follow. */
  rebalance(): Promise<void> {
    this.#planning ??= this.#work.run(() => {
      this.#planning = undefined;
      return this.#apply();
    });
    return this.#planning;
  }

  async #apply(): Promise<void> {
    const number = ++this.#plans;
    const available = (this.bytes ?? Number.POSITIVE_INFINITY) - this.#reserved;
    const plan = planPrecisions([...this.#told.keys()], available);
    const asking = new Set(this.#asking.keys());
    const coarser: Tenant[] = [];
    const finer: Tenant[] = [];
    for (const [tenant, precision] of plan) {
      const before = this.#told.get(tenant);
      if (before === precision || asking.has(tenant)) continue;
      if (rank(precision) < rank(before)) coarser.push(tenant);
      else finer.push(tenant);
    }
    for (const tenant of [...coarser, ...asking]) this.#told.set(tenant, plan.get(tenant));
    for (const tenant of coarser) await this.#awaitFollowing(tenant);
    await Promise.all(this.#leaving);
    for (const tenant of asking) {
      this.#asking.get(tenant)?.(plan.get(tenant));
      this.#asking.delete(tenant);
    }
    void this.#refine(finer, plan, number);
  }

  #awaitFollowing(tenant: Tenant): Promise<void> {
    // It holds nothing, and follows what the next plan tells it.
    if (this.#asking.has(tenant)) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        this.#awaited.delete(tenant);
        resolve();
      };
      this.#awaited.set(tenant, end);
      void tenant.follow().then(end);
    });
  }

  /** One after the other, until there is a newer plan, which has its own. */
  async #refine(finer: readonly Tenant[], plan: Plan, number: number): Promise<void> {
    for (const tenant of finer) {
      if (number !== this.#plans) return;
      if (!this.#told.has(tenant) || this.#asking.has(tenant)) continue;
      this.#told.set(tenant, plan.get(tenant));
      await tenant.follow();
    }
  }
}

/** @param available bytes */
export function planPrecisions<T extends Pick<Tenant, 'finest' | 'bytesAt'>>(
  tenants: readonly T[],
  available: number,
): Map<T, Precision | undefined> {
  const plan = new Map<T, Precision | undefined>(tenants.map((tenant) => [tenant, undefined]));
  const bytesOf = (tenant: T) => {
    const precision = plan.get(tenant);
    return precision === undefined ? 0 : tenant.bytesAt(precision)!;
  };
  let used = 0;
  for (const precision of PRECISIONS) {
    const wanting = tenants
      .filter((tenant) => finestOf(tenant) >= rank(precision) && tenant.bytesAt(precision) !== undefined)
      .sort((a, b) => a.bytesAt(precision)! - b.bytesAt(precision)!);
    for (const tenant of wanting) {
      const more = tenant.bytesAt(precision)! - bytesOf(tenant);
      if (used + more > available) continue;
      used += more;
      plan.set(tenant, precision);
    }
  }
  return plan;
}

/** What a tenant wants may not be possible here: then it gets what is. */
function finestOf(tenant: Pick<Tenant, 'finest' | 'bytesAt'>): number {
  const wanted = rank(tenant.finest);
  const isPossible = PRECISIONS.some(
    (precision) => rank(precision) <= wanted && tenant.bytesAt(precision) !== undefined,
  );
  return isPossible ? wanted : rank('float32');
}

function rank(precision: Precision | undefined): number {
  return precision === undefined ? -1 : PRECISIONS.indexOf(precision);
}
