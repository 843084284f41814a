import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { HttpError } from './http/http-error.js';

/**
 * Requests per second of each tenant in this instance. Counted in memory: a limit that protects an instance needs no
 * way to Redis, and goes on where Redis does not answer.
 */
export class RateLimit {
  readonly #limiter: RateLimiterMemory;

  constructor(private readonly perSecond: number) {
    this.#limiter = new RateLimiterMemory({ points: perSecond, duration: 1 });
  }

  /** Throws 429. */
  async count(tenant: string): Promise<void> {
    try {
      await this.#limiter.consume(tenant);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new HttpError(
        429,
        'SERVER_UNAVAILABLE',
        `The tenant has made more than ${this.perSecond} requests in a second. Nothing was done. Wait, and put more into each.`,
        Math.max(1, Math.ceil(refused.msBeforeNext / 1_000)),
      );
    }
  }
}
