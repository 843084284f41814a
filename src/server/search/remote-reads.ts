import { type CompiledFilter, compileFilter } from '../../shared/filter.js';
import type { Descriptor, Operation, WithVector } from '../../shared/sync/protocol.js';
import type {
  RemoteCount,
  RemoteCounted,
  RemoteFound,
  RemoteGet,
  RemoteList,
  RemotePage,
} from '../../shared/sync/remote.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { JsonValue } from '../../shared/types.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { AnswerRoom, packRecords, type RemoteCall, type Wanted } from './answer-records.js';
import { FirstOf } from './first-of.js';
import { allShards, forAllShards } from './for-shards.js';
import { passingRows } from './scan.js';
import type { ShardCache } from './shard-cache.js';
import { Turn } from './turn.js';

/** Records that are read from the log at a time. */
const READ_TOGETHER = 256;

type Stored = WithVector<Operation>;

/** Records as they are now, in the order asked. */
export async function readRecords(
  log: ChangeLog,
  name: CollectionName,
  descriptor: Descriptor,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<(Stored | undefined)[]> {
  const records: (Stored | undefined)[] = new Array(ids.length);
  const positions = byShard(ids, descriptor.shards);
  const read = async (shard: number) => {
    const own = positions.get(shard)!;
    const found = await log.get(
      name,
      descriptor,
      shard,
      own.map((i) => ids[i]!),
    );
    for (const [j, i] of own.entries()) records[i] = found[j];
  };
  await forAllShards(positions.keys(), read, signal);
  return records;
}

/** Shard → positions. */
export function byShard(ids: readonly string[], shards: number): Map<number, number[]> {
  const positions = new Map<number, number[]>();
  for (const [i, id] of ids.entries()) {
    const shard = shardOf(id, shards);
    const own = positions.get(shard);
    if (own === undefined) positions.set(shard, [i]);
    else own.push(i);
  }
  return positions;
}

export async function getRecords(
  log: ChangeLog,
  name: CollectionName,
  descriptor: Descriptor,
  { ids, includeVectors }: RemoteGet,
  call: RemoteCall,
): Promise<RemoteFound> {
  const wanted = { vectors: includeVectors, metadata: true };
  const found: boolean[] = [];
  const records: Stored[] = [];
  for await (const record of readAsFits(log, name, descriptor, ids, wanted, call)) {
    found.push(record !== undefined);
    if (record !== undefined) records.push(record);
  }
  return { found, records: packRecords(records, wanted, descriptor.dimension) };
}

export async function listRecords(
  log: ChangeLog,
  cache: ShardCache,
  name: CollectionName,
  descriptor: Descriptor,
  { filter, limit, cursor, includeVectors }: RemoteList,
  call: RemoteCall,
): Promise<RemotePage> {
  const ready = filter === undefined ? undefined : compileFilter(filter);
  const first = new FirstOf<string>(limit + 1, (a, b) => (a < b ? -1 : 1));
  await visitPassing(cache, name, descriptor, ready, call.signal, (id) => {
    if (cursor === undefined || id > cursor) first.push(id);
  });
  const ids = first.finish();
  const page = ids.slice(0, limit);
  const wanted = { vectors: includeVectors, metadata: true };
  const records: Stored[] = [];
  let read = 0;
  for await (const record of readAsFits(log, name, descriptor, page, wanted, call)) {
    read++;
    // It may have changed since the ids were found.
    const passes = record !== undefined && (ready === undefined || ready.matches(parsedMetadata(record)));
    if (passes) records.push(record);
  }
  const answer = { records: packRecords(records, wanted, descriptor.dimension) };
  return read < ids.length ? { ...answer, cursor: page[read - 1]! } : answer;
}

/** Records as they are now, in the order asked, until an answer is full; at least one. */
async function* readAsFits(
  log: ChangeLog,
  name: CollectionName,
  descriptor: Descriptor,
  ids: readonly string[],
  wanted: Wanted,
  { signal, memory }: RemoteCall,
): AsyncGenerator<Stored | undefined> {
  const room = new AnswerRoom(memory);
  for (let from = 0; from < ids.length; from += READ_TOGETHER) {
    const part = ids.slice(from, from + READ_TOGETHER);
    for (const record of await readRecords(log, name, descriptor, part, signal)) {
      if (record !== undefined && !room.take(record, wanted)) return;
      yield record;
    }
  }
}

export async function countRecords(
  cache: ShardCache,
  name: CollectionName,
  descriptor: Descriptor,
  { filter }: RemoteCount,
  signal: AbortSignal,
): Promise<RemoteCounted> {
  let count = 0;
  const ready = filter === undefined ? undefined : compileFilter(filter);
  await visitPassing(cache, name, descriptor, ready, signal, () => count++);
  return { count };
}

/** Calls back with the id of each record that passes. Rejects with `ShardUnavailable`. */
export function visitPassing(
  cache: ShardCache,
  name: CollectionName,
  descriptor: Descriptor,
  filter: CompiledFilter | undefined,
  signal: AbortSignal,
  onId: (id: string) => void,
): Promise<void> {
  const visit = (shard: number) => {
    const place = { name, descriptor, shard };
    if (filter === undefined) return cache.visitIds(place, onId);
    return cache.visit(place, async (block) => {
      for (const row of await passingRows(block, filter, new Turn())) onId(block.ids[row]!);
    });
  };
  return forAllShards(allShards(descriptor), visit, signal);
}

export function parsedMetadata({
  metadata,
}: {
  readonly metadata?: string | undefined;
}): JsonValue | undefined {
  return metadata === undefined ? undefined : (JSON.parse(metadata) as JsonValue);
}
