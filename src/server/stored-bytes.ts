import type { ChangeLog } from './change-log.js';
import { LRUCache } from './lru.js';

const KEPT_MS = 10_000;
const MAX_TENANTS = 10_000;

/**
 * What a tenant may store. Its usage is asked for every ten seconds, and counted on in between by what this instance
 * adds: tenants get a little over their bound where several instances write.
 */
export class StoredBytes {
  readonly #usage = new LRUCache<string, { bytes: number }>({ max: MAX_TENANTS, ttl: KEPT_MS });

  constructor(
    private readonly log: ChangeLog,
    /** Of each tenant; undefined: no bound. */
    private readonly bound: number | undefined,
  ) {}

  /** Why nothing more may be stored; undefined: it may. */
  async problem(tenant: string): Promise<string | undefined> {
    if (this.bound === undefined) return undefined;
    let usage = this.#usage.get(tenant);
    if (usage === undefined) {
      usage = { bytes: await this.log.usage(tenant) };
      this.#usage.set(tenant, usage);
    }
    if (usage.bytes < this.bound) return undefined;
    return `the tenant has stored ${usage.bytes} bytes, and may store ${this.bound}`;
  }

  added(tenant: string, bytes: number): void {
    const usage = this.#usage.peek(tenant);
    if (usage !== undefined) usage.bytes += bytes;
  }
}
