import { type CompiledFilter, compileFilter } from '../../shared/filter.js';
import {
  type Descriptor,
  MAX_AHEAD_MS,
  type Operation,
  type WithVector,
} from '../../shared/sync/protocol.js';
import type {
  RemoteRecord,
  RemoteWrite,
  RemoteWriteResult,
  RemoteWritten,
} from '../../shared/sync/remote.js';
import type { ChangeLog, CollectionName } from '../change-log.js';
import { allShards, forShards } from './for-shards.js';
import { type Change, type Current, laterThan, modify } from './modify.js';
import { byShard, parsedMetadata, readRecords, visitPassing } from './remote-reads.js';
import type { ShardCache } from './shard-cache.js';

type Decision = WithVector<Operation> | RemoteWriteResult;

const OK: RemoteWriteResult = { status: 'ok' };
const ABSENT: RemoteWriteResult = { status: 'absent' };
const SKIPPED: RemoteWriteResult = { status: 'skipped' };
/** Read and deleted at a time, where a filter says what. */
const DELETED_TOGETHER = 100;

export interface WriteCall {
  readonly signal: AbortSignal;
  /** Why nothing more may be stored; undefined: it may. */
  readonly quota?: string | undefined;
}

export interface Written {
  readonly written: RemoteWritten;
  /** By how much the stored bytes have grown. */
  readonly bytesAdded: number;
}

/** Writes of clients that keep nothing (SPEC, O5). */
export class RemoteWrites {
  constructor(
    private readonly log: ChangeLog,
    private readonly cache: ShardCache,
  ) {}

  async write(
    name: CollectionName,
    descriptor: Descriptor,
    request: RemoteWrite,
    { signal, quota }: WriteCall,
  ): Promise<Written> {
    const time = await this.log.time();
    if (millisecondsOf(request.stamp) > time + MAX_AHEAD_MS) {
      const positions = request.mode === 'delete-where' ? descriptor.shards : idsOf(request).length;
      const results = new Array<RemoteWriteResult>(positions).fill({ status: 'future' });
      return { written: { time, results, count: 0, replicated: false }, bytesAdded: 0 };
    }
    const job = new WriteJob(this.log, this.cache, name, descriptor, request, signal, quota);
    const results = await job.run();
    const replicated = job.replicated && request.replicated;
    return { written: { time, results, count: job.count, replicated }, bytesAdded: job.bytesAdded };
  }
}

class WriteJob {
  /** Records written or deleted. */
  count = 0;
  replicated = true;
  bytesAdded = 0;

  constructor(
    private readonly log: ChangeLog,
    private readonly cache: ShardCache,
    private readonly name: CollectionName,
    private readonly descriptor: Descriptor,
    private readonly request: RemoteWrite,
    private readonly signal: AbortSignal,
    private readonly quota: string | undefined,
  ) {}

  async run(): Promise<RemoteWriteResult[]> {
    const { request } = this;
    if (request.mode === 'delete-where') return this.#deleteWhere(compileFilter(request.filter));
    const ids = idsOf(request);
    if (request.mode === 'upsert') return this.#modify(ids, [], (i) => this.#replace(request.records[i]!));
    const current = await readRecords(this.log, this.name, this.descriptor, ids, this.signal);
    if (request.mode === 'delete') return this.#modify(ids, current, (i) => this.#delete(ids[i]!, undefined));
    const isInsert = request.mode === 'insert';
    const refused: RemoteWriteResult = isInsert ? { status: 'exists' } : ABSENT;
    const refuses = (i: number) =>
      isInsert ? current[i] !== undefined && current[i].stamp !== request.stamp : current[i] === undefined;
    if (ids.some((_, i) => refuses(i))) return ids.map((_, i) => (refuses(i) ? refused : SKIPPED));
    return request.mode === 'set-metadata'
      ? this.#modify(ids, current, (i) => this.#setMetadata(request.updates[i]!))
      : this.#modify(ids, current, (i) => this.#insert(request.records[i]!));
  }

  /** Changes records, each in its shard. */
  async #modify(
    ids: readonly string[],
    current: readonly Current[],
    decide: (position: number) => Change['decide'],
  ): Promise<RemoteWriteResult[]> {
    const results: RemoteWriteResult[] = new Array(ids.length);
    const positions = byShard(ids, this.descriptor.shards);
    const write = async (shard: number) => {
      const own = positions.get(shard)!;
      const changes = own.map((i) => ({ id: ids[i]!, current: current[i], decide: decide(i) }));
      const found = await this.#modifyShard(shard, changes);
      for (const [j, i] of own.entries()) results[i] = found[j]!;
    };
    await forShards(positions.keys(), write, this.signal);
    return results;
  }

  async #modifyShard(shard: number, changes: readonly Change[]): Promise<RemoteWriteResult[]> {
    const { name, descriptor, request } = this;
    const policy = request.mode === 'upsert' ? 'last-writer-wins' : 'compare-and-set';
    const { replicated } = request;
    const modified = await modify(this.log, { name, descriptor, shard }, changes, { policy, replicated });
    this.replicated &&= modified.replicated;
    this.bytesAdded += modified.bytesAdded;
    for (const { status } of modified.results) if (status === 'ok') this.count++;
    return modified.results;
  }

  /** One result for each shard. */
  async #deleteWhere(filter: CompiledFilter): Promise<RemoteWriteResult[]> {
    const { log, name, descriptor, signal } = this;
    const results: RemoteWriteResult[] = new Array(descriptor.shards).fill(OK);
    const ids: string[] = [];
    await visitPassing(this.cache, name, descriptor, filter, signal, (id) => ids.push(id));
    const positions = byShard(ids, descriptor.shards);
    const work = async (shard: number) => {
      const own = positions.get(shard) ?? [];
      for (let from = 0; from < own.length; from += DELETED_TOGETHER) {
        const part = own.slice(from, from + DELETED_TOGETHER).map((i) => ids[i]!);
        const current = await log.get(name, descriptor, shard, part);
        const changes = part.map((id, i) => ({ id, current: current[i], decide: this.#delete(id, filter) }));
        const found = await this.#modifyShard(shard, changes);
        const bad = found.find(({ status }) => status !== 'ok' && status !== 'absent');
        if (bad !== undefined) results[shard] = bad;
      }
    };
    const failed = await forShards(allShards(descriptor), work, signal);
    for (const [shard, message] of failed) results[shard] = { status: 'unavailable', message };
    return results;
  }

  #replace(record: RemoteRecord): Change['decide'] {
    return (current) => this.#write(current, upsertOf(record));
  }

  #insert(record: RemoteRecord): Change['decide'] {
    const { stamp } = this.request;
    return (current) => {
      const isThere = isLive(current);
      if (isThere && current.stamp === stamp) return OK;
      return isThere ? { status: 'exists' } : this.#write(current, upsertOf(record));
    };
  }

  #setMetadata({ id, metadata }: { readonly id: string; readonly metadata: string }): Change['decide'] {
    return (current) => {
      if (!isLive(current)) return ABSENT;
      const { vector, text } = current;
      return this.#write(current, upsertOf({ id, vector: vector!, metadata, text }));
    };
  }

  #delete(id: string, filter: CompiledFilter | undefined): Change['decide'] {
    return (current) => {
      if (!isLive(current) || (filter !== undefined && !filter.matches(parsedMetadata(current))))
        return ABSENT;
      return this.#write(current, { kind: 'delete', id, vector: undefined });
    };
  }

  /** In place of what is there, unless that has come after an earlier try of this write. */
  #write(current: Current, operation: WithVector<Omit<Operation, 'stamp' | 'base'>>): Decision {
    const { stamp, repeated } = this.request;
    if (this.quota !== undefined && operation.kind === 'upsert' && current?.stamp !== stamp)
      return { status: 'quota', message: this.quota };
    if (current === undefined) return { ...operation, stamp, base: '' };
    if (current.stamp === stamp) return OK;
    if (repeated && current.stamp > stamp) return OK;
    return { ...operation, stamp: laterThan(current.stamp, stamp), base: current.stamp };
  }
}

function isLive(current: Current): current is NonNullable<Current> {
  return current?.kind === 'upsert';
}

function upsertOf(record: {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata?: string | undefined;
  readonly text?: string | undefined;
}): WithVector<Omit<Operation, 'stamp' | 'base'>> {
  const { id, vector, metadata, text } = record;
  return {
    kind: 'upsert',
    id,
    vector,
    ...(metadata === undefined ? {} : { metadata }),
    ...(text === undefined ? {} : { text }),
  };
}

function idsOf(request: Exclude<RemoteWrite, { mode: 'delete-where' }>): readonly string[] {
  if (request.mode === 'delete') return request.ids;
  const items = request.mode === 'set-metadata' ? request.updates : request.records;
  return items.map(({ id }) => id);
}

function millisecondsOf(stamp: string): number {
  return Number.parseInt(stamp.slice(0, 12), 16);
}
