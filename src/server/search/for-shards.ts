import { ShardUnavailable } from '../change-log.js';

/** Shards that one request reads at a time. */
const AT_ONCE = 16;

/** Calls `work` for each shard. Resolves to the reasons of those that did not answer; rejects with any other error. */
export async function forShards(
  shards: Iterable<number>,
  work: (shard: number) => Promise<void>,
  signal: AbortSignal,
): Promise<Map<number, string>> {
  const failed = new Map<number, string>();
  const waiting = shards[Symbol.iterator]();
  const takeNext = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      signal.throwIfAborted();
      try {
        await work(next.value);
      } catch (error) {
        if (!(error instanceof ShardUnavailable)) throw error;
        failed.set(next.value, error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, takeNext));
  return failed;
}

/** As `forShards`, where the answer has to be whole: rejects with `ShardUnavailable`. */
export async function forAllShards(
  shards: Iterable<number>,
  work: (shard: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = await forShards(shards, work, signal);
  for (const [shard, reason] of failed)
    throw new ShardUnavailable(`Shard ${shard} did not answer: ${reason}`);
}

export function allShards({ shards }: { readonly shards: number }): Iterable<number> {
  return Array.from({ length: shards }, (_, shard) => shard);
}
