import { idProblem, textProblem, vectorProblem } from '../shared/record-check.js';
import {
  type Descriptor,
  MAX_AHEAD_MS,
  type Operation,
  type PushAnswer,
  type PushRequest,
  type PushResult,
  type WithVector,
} from '../shared/sync/protocol.js';
import { shardOf } from '../shared/sync/shard-of.js';
import { type ChangeLog, type CollectionName, type LogPushed, ShardUnavailable } from './change-log.js';
import { metadataFault } from './metadata-fault.js';

/** Of one script, during which its Redis does nothing else. */
const CHUNK = 100;

/** What became of one shard's operations. */
interface ShardOutcome {
  readonly answered: LogPushed | undefined;
  readonly bytesAdded: number;
}

/**
 * Pushes what the rules allow: shards side by side, the operations of one in their order, in chunks. After a chunk that
 * was refused or did not come through, none of its shard is tried.
 *
 * @param quota why upserts are refused; undefined: they are not
 */
export async function pushOperations(
  log: Pick<ChangeLog, 'push' | 'time'>,
  name: CollectionName,
  descriptor: Descriptor,
  { epochs, operations, replicated }: PushRequest,
  quota: string | undefined,
): Promise<{ readonly answer: PushAnswer; readonly bytesAdded: number }> {
  const time = await log.time();
  const results: PushResult[] = [];
  const shards = new Map<number, number[]>();
  for (const [i, operation] of operations.entries()) {
    const refused = refusalOf(operation, descriptor, time, quota);
    if (refused !== undefined) {
      results[i] = refused;
      continue;
    }
    const shard = shardOf(operation.id, descriptor.shards);
    const positions = shards.get(shard);
    if (positions === undefined) shards.set(shard, [i]);
    else positions.push(i);
  }
  const outcomes = await Promise.all(
    [...shards].map(async ([shard, positions]) => ({ shard, ...(await pushShard(shard, positions)) })),
  );
  const answered = outcomes.flatMap(({ shard, answered }) =>
    answered === undefined
      ? []
      : [[shard, { epoch: answered.epoch, seq: answered.seq, replicated: answered.replicated }] as const],
  );
  return {
    answer: { time, results, shards: Object.fromEntries(answered) },
    bytesAdded: outcomes.reduce((sum, { bytesAdded }) => sum + bytesAdded, 0),
  };

  async function pushShard(shard: number, positions: readonly number[]): Promise<ShardOutcome> {
    let answered: LogPushed | undefined;
    let bytesAdded = 0;
    for (let from = 0; from < positions.length; from += CHUNK) {
      const chunk = positions.slice(from, from + CHUNK);
      const pushed = await pushChunk(shard, chunk, answered?.epoch ?? epochs[shard]);
      if (pushed instanceof ShardUnavailable) {
        const { message } = pushed;
        for (const i of positions.slice(from)) results[i] = { status: 'unavailable', message };
        break;
      }
      bytesAdded += pushed.bytesAdded;
      answered = { ...pushed, replicated: pushed.replicated && (answered?.replicated ?? true) };
      for (const [j, i] of chunk.entries()) results[i] = pushed.results[j]!;
      if (pushed.results[0]!.status === 'epoch') {
        for (const i of positions.slice(from + CHUNK)) results[i] = { status: 'epoch' };
        break;
      }
    }
    return { answered, bytesAdded };
  }

  function pushChunk(
    shard: number,
    chunk: readonly number[],
    epoch: string | undefined,
  ): Promise<LogPushed | ShardUnavailable> {
    return log
      .push(name, descriptor, shard, {
        policy: descriptor.conflict,
        epoch,
        operations: chunk.map((i) => operations[i]!),
        replicated,
      })
      .catch((error: unknown) => {
        if (error instanceof ShardUnavailable) return error;
        throw error;
      });
  }
}

function refusalOf(
  operation: WithVector<Operation>,
  descriptor: Descriptor,
  time: number,
  quota: string | undefined,
): PushResult | undefined {
  const message = invalidBecause(operation, descriptor);
  if (message !== undefined) return { status: 'invalid', message };
  // The milliseconds of a stamp are its first 12 digits.
  if (Number.parseInt(operation.stamp.slice(0, 12), 16) > time + MAX_AHEAD_MS) return { status: 'future' };
  if (quota !== undefined && operation.kind === 'upsert') return { status: 'quota', message: quota };
  return undefined;
}

/** The rules of records (SPEC, M1 to M4, V2, V4 to V6). */
function invalidBecause(
  { id, kind, vector, metadata, text }: WithVector<Operation>,
  { dimension, metric }: Descriptor,
): string | undefined {
  const fault = idProblem(id) ?? (kind === 'upsert' ? vectorProblem(vector, dimension, metric) : undefined);
  if (fault !== undefined) return fault.message;
  if (kind === 'delete') {
    return metadata === undefined && text === undefined
      ? undefined
      : 'A delete has metadata or a text. They would be lost. Leave them out.';
  }
  if (text !== undefined) {
    const textFault = textProblem(text);
    if (textFault !== undefined) return textFault.message;
  }
  return metadata === undefined ? undefined : metadataFault(metadata)?.message;
}
