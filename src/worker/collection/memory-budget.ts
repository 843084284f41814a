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
   * Holds them otherwise than it has been told before; undefined: they stay in storage. Moves follow one another.
   * Resolves when what was held is gone and what is to be held is there, and does not reject.
   */
  moveTo(precision: Precision | undefined): Promise<void>;
}

/**
 * What the large segments of a store are held as, so that together they stay within a number of bytes: float32, int16,
 * int8, or not at all. In rounds from coarse to fine, small ones first, each gets the next precision if there is room.
 */
export class MemoryBudget {
  /** What each tenant was told last. */
  readonly #told = new Map<Tenant, Precision | undefined>();
  /** Have asked what to be held as, and will do it by themselves. */
  readonly #joining = new Set<Tenant>();
  readonly #work = new Queue();
  #planning: Promise<Plan> | undefined;
  #plans = 0;
  #reserved = 0;

  /** @param bytes undefined: everybody gets the finest. */
  constructor(private readonly bytes: number | undefined) {}

  get isLimited(): boolean {
    return this.bytes !== undefined;
  }

  /** Sets bytes aside for what is always in memory; gives back what they were set aside for when it is called. */
  reserve(bytes: number): () => void {
    this.#reserved += bytes;
    return () => {
      this.#reserved -= bytes;
      void this.rebalance();
    };
  }

  /** What a new tenant, or one that has lost what it held, may be held as; others have made room when it resolves. */
  async admit(tenant: Tenant): Promise<Precision | undefined> {
    if (!this.#told.has(tenant)) this.#told.set(tenant, undefined);
    this.#joining.add(tenant);
    return (await this.rebalance()).get(tenant);
  }

  leave(tenant: Tenant): void {
    if (this.#told.delete(tenant) && this.isLimited) void this.rebalance();
  }

  /** Makes a new plan. Resolves when everybody who has to has moved to what takes less; the others follow. */
  rebalance(): Promise<Plan> {
    if (this.#planning === undefined) {
      const planning = this.#work.run(() => {
        this.#planning = undefined;
        return this.#apply();
      });
      this.#planning = planning;
    }
    return this.#planning;
  }

  async #apply(): Promise<Plan> {
    const number = ++this.#plans;
    const available = (this.bytes ?? Number.POSITIVE_INFINITY) - this.#reserved;
    const plan = planPrecisions([...this.#told.keys()], available);
    for (const tenant of this.#joining) this.#told.set(tenant, plan.get(tenant));
    this.#joining.clear();
    const moves = [...plan].filter(([tenant, precision]) => this.#told.get(tenant) !== precision);
    const isCoarser = ([tenant, precision]: (typeof moves)[number]) =>
      rank(precision) < rank(this.#told.get(tenant));
    const [coarser, finer] = [moves.filter(isCoarser), moves.filter((move) => !isCoarser(move))];
    const move = ([tenant, precision]: (typeof moves)[number]) => {
      this.#told.set(tenant, precision);
      return tenant.moveTo(precision);
    };
    for (const each of coarser) await move(each);
    const refine = async () => {
      // A newer plan has its own moves.
      for (const each of finer) if (number === this.#plans && this.#told.has(each[0])) await move(each);
    };
    void refine();
    return plan;
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
