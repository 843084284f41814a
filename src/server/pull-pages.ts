import {
  type Descriptor,
  PULL_BYTES,
  type PullAnswer,
  type PullRequest,
  type ShardPage,
} from '../shared/sync/protocol.js';
import { type ChangeLog, type CollectionName, ShardUnavailable } from './change-log.js';
import type { MemoryShare } from './http/memory-budget.js';

/** Of an answer, however many shards are asked for. */
const ANSWER_BYTES = 8 << 20;
/** What an entry takes in memory beside its vector and texts. */
const ENTRY_BYTES = 200;

/** Pages of several shards, read side by side. Throws 503 where there is no room for them. */
export async function pullPages(
  log: ChangeLog,
  name: CollectionName,
  descriptor: Descriptor,
  { shards, device }: PullRequest,
  memory: MemoryShare,
): Promise<PullAnswer> {
  const maxBytes = Math.min(PULL_BYTES, Math.floor(ANSWER_BYTES / shards.length));
  const pages = await Promise.all(
    shards.map(async ({ shard, keys = false, cursor, epoch, hi, floor }) => {
      const from = { cursor, epoch, hi, floor, keys, device, maxBytes };
      const page = await log.pull(name, descriptor, shard, from).catch((error: unknown): ShardPage => {
        if (!(error instanceof ShardUnavailable)) throw error;
        return { kind: 'unavailable', shard, message: error.message };
      });
      memory.take(bytesOf(page));
      return page;
    }),
  );
  return { time: await log.time(), pages };
}

function bytesOf(page: ShardPage): number {
  if (page.kind !== 'page') return 0;
  let bytes = 0;
  for (const { vector, metadata, text } of page.entries)
    bytes += ENTRY_BYTES + (vector?.byteLength ?? 0) + (metadata?.length ?? 0) + (text?.length ?? 0);
  return bytes;
}
