import type { RedisPort, Reply } from './redis-port.js';

const KEPT_MS = 10_000;

/** Redis's clock, asked for every ten seconds and carried on between by this process's own. */
export class RedisClock {
  readonly #redis: RedisPort;
  /** Redis's time less `performance.now()`, and when it was asked for. */
  #offset: { readonly ms: number; readonly at: number } | undefined;

  constructor(redis: RedisPort) {
    this.#redis = redis;
  }

  async now(): Promise<number> {
    const known = this.#offset;
    if (known === undefined || performance.now() - known.at > KEPT_MS) {
      try {
        await this.#ask();
      } catch (error) {
        if (known === undefined) throw error;
      }
    }
    return Math.floor(performance.now() + this.#offset!.ms);
  }

  async #ask(): Promise<void> {
    const before = performance.now();
    const [seconds, microseconds] = (await this.#redis.send(undefined, ['TIME'])) as Reply[];
    const after = performance.now();
    const ms = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (before + after) / 2;
    this.#offset = { ms, at: after };
  }
}
