import { abortedError, VectorStoreError } from '../../shared/errors.js';
import type {
  ConflictPolicy,
  Descriptor,
  Entry,
  Hint,
  OpenAnswer,
  OpenRequest,
  Operation,
  PullAnswer,
  PullRequest,
  PushAnswer,
  PushRequest,
  PushResult,
  ShardPage,
  WithVector,
} from '../../shared/sync/protocol.js';
import { shardOf } from '../../shared/sync/shard-of.js';
import type { SyncTransport } from './transport.js';

type Logged = WithVector<Entry> & { readonly seq: number };

interface Shard {
  epoch: string;
  seq: number;
  floor: number;
  /** Epoch → its last sequence number. */
  readonly closed: Map<string, number>;
  readonly entries: Map<string, Logged>;
}

interface Call {
  readonly kind: 'open' | 'push' | 'pull' | 'hints';
  readonly request: unknown;
}

/** A test double: a change log of the plainest kind, and the transport to it. What tests put in its way comes first. */
export class FakeServer implements SyncTransport {
  readonly calls: Call[] = [];
  descriptor: Descriptor;
  shards: Shard[];
  /** Milliseconds since 1970. */
  time: () => number;
  /** Entries in a page. */
  pageSize = 100;
  onOpen: ((request: OpenRequest) => Promise<OpenAnswer> | undefined) | undefined;
  onPush: ((request: PushRequest) => Promise<PushAnswer> | undefined) | undefined;
  onPull: ((request: PullRequest) => Promise<PullAnswer> | undefined) | undefined;
  /** What becomes of an operation, instead of what the log says. */
  judge: ((operation: WithVector<Operation>) => PushResult | undefined) | undefined;
  #epochs = 0;
  #listening: { readonly onHint: (hint: Hint) => void; readonly end: (error: Error) => void }[] = [];

  constructor(time: () => number, shards = 2, conflict: ConflictPolicy = 'last-writer-wins') {
    this.time = time;
    this.descriptor = {
      id: 'd'.repeat(32),
      dimension: 2,
      metric: 'cosine',
      shards,
      conflict,
      tombstoneLifeMs: 3_600_000,
    };
    this.shards = Array.from({ length: shards }, () => this.#newShard());
  }

  #newShard(): Shard {
    return { epoch: this.#newEpoch(), seq: 0, floor: 0, closed: new Map(), entries: new Map() };
  }

  #newEpoch(): string {
    return String(++this.#epochs).padStart(32, '0');
  }

  requests<T>(kind: Call['kind']): T[] {
    return this.calls.filter((call) => call.kind === kind).map(({ request }) => request as T);
  }

  open(request: OpenRequest, signal: AbortSignal): Promise<OpenAnswer> {
    this.calls.push({ kind: 'open', request });
    const answer = async () => this.onOpen?.(request) ?? { descriptor: this.descriptor, time: this.time() };
    return orAborted(answer, signal);
  }

  push(request: PushRequest, signal: AbortSignal): Promise<PushAnswer> {
    this.calls.push({ kind: 'push', request });
    return orAborted(async () => this.onPush?.(request) ?? this.applyPush(request), signal);
  }

  pull(request: PullRequest, signal: AbortSignal): Promise<PullAnswer> {
    this.calls.push({ kind: 'pull', request });
    return orAborted(async () => this.onPull?.(request) ?? this.readPull(request), signal);
  }

  hints(onHint: (hint: Hint) => void, onOpen: () => void, signal: AbortSignal): Promise<never> {
    this.calls.push({ kind: 'hints', request: undefined });
    return new Promise((_, reject) => {
      this.#listening.push({ onHint, end: reject });
      signal.addEventListener('abort', () => reject(abortedError(signal.reason)), { once: true });
      onOpen();
    });
  }

  endHints(): void {
    const error = unavailable();
    for (const { end } of this.#listening.splice(0)) end(error);
  }

  hint(hint: Hint): void {
    for (const { onHint } of this.#listening) onHint(hint);
  }

  applyPush({ epochs, operations }: PushRequest): PushAnswer {
    const touched = new Set(operations.map(({ id }) => this.#shardOf(id)));
    const results = operations.map((operation): PushResult => {
      const shard = this.#shardOf(operation.id);
      const asked = epochs[shard];
      if (asked !== undefined && asked !== this.shards[shard]!.epoch) return { status: 'epoch' };
      return this.judge?.(operation) ?? this.#apply(this.shards[shard]!, operation);
    });
    const shards = Object.fromEntries(
      [...touched].map((shard) => {
        const { epoch, seq } = this.shards[shard]!;
        return [shard, { epoch, seq, replicated: true }];
      }),
    );
    return { time: this.time(), results, shards };
  }

  #apply(shard: Shard, operation: WithVector<Operation>): PushResult {
    const { base, ...entry } = operation;
    const current = shard.entries.get(entry.id);
    if (current === undefined && base !== '') return { status: 'gone' };
    if (current?.stamp === entry.stamp) return { status: 'dup' };
    if (current !== undefined && current.stamp !== base) {
      const { seq: _, ...told } = current;
      if (this.descriptor.conflict === 'compare-and-set') return { status: 'conflict', current: told };
      if (current.stamp > entry.stamp) return { status: 'stale', current: told };
    }
    shard.entries.set(entry.id, { ...entry, seq: ++shard.seq });
    return { status: 'ok' };
  }

  readPull({ shards, device }: PullRequest): PullAnswer {
    return { time: this.time(), pages: shards.map((from) => this.#page(from, device)) };
  }

  #page(from: PullRequest['shards'][number], device: string | undefined): ShardPage {
    const { shard } = from;
    const { epoch, seq, floor, closed, entries } = this.shards[shard]!;
    const met = from.epoch !== '';
    const end = from.epoch === epoch ? seq : closed.get(from.epoch);
    if (met && (end === undefined || from.hi > end))
      return { kind: 'fork', shard, epoch, bound: end ?? 0, floor };
    if (met && from.cursor < floor && from.floor < floor) return { kind: 'reset', shard, epoch, floor };
    const after = [...entries.values()]
      .filter((entry) => entry.seq > from.cursor)
      .sort((a, b) => a.seq - b.seq);
    const page = after.slice(0, this.pageSize);
    const more = page.length < after.length;
    return {
      kind: 'page',
      shard,
      epoch,
      cursor: more ? page.at(-1)!.seq : seq,
      hi: seq,
      floor: met ? from.floor : floor,
      more,
      entries: page.map((entry) => {
        const { id, kind, stamp } = entry;
        const bare = from.keys || stamp.slice(16) === device;
        return bare ? { id, kind, stamp, seq: entry.seq, vector: undefined, bare } : entry;
      }),
    };
  }

  /** A write of another device. */
  put(id: string, number: number, stamp: string): void {
    const metadata = JSON.stringify({ number });
    this.#log({ kind: 'upsert', id, stamp, vector: Float32Array.of(number, 1), metadata });
  }

  delete(id: string, stamp: string): void {
    this.#log({ kind: 'delete', id, stamp, vector: undefined });
  }

  #log(entry: WithVector<Entry>): void {
    const shard = this.shards[this.#shardOf(entry.id)]!;
    shard.entries.set(entry.id, { ...entry, seq: ++shard.seq });
  }

  numbers(): Record<string, number> {
    const live = this.shards
      .flatMap(({ entries }) => [...entries.values()])
      .filter(({ kind }) => kind === 'upsert');
    return Object.fromEntries(live.map(({ id, metadata }) => [id, JSON.parse(metadata!).number]).sort());
  }

  /** What the shard is now, to be put back by `fail`. */
  image(shard: number): Shard {
    return structuredClone(this.shards[shard]!);
  }

  /** Another primary takes the shard over: with what it has now, or with less. */
  fail(shard: number, has: Shard = this.shards[shard]!): void {
    const { epoch, seq, floor, closed, entries } = structuredClone(has);
    closed.set(epoch, seq);
    this.shards[shard] = { epoch: this.#newEpoch(), seq: seq + 2 ** 32, floor, closed, entries };
  }

  /** Everything of the shard is lost. */
  wipe(shard: number): void {
    this.shards[shard] = this.#newShard();
  }

  collectGarbage(shard: number): void {
    const { entries } = this.shards[shard]!;
    for (const { id, kind, seq } of [...entries.values()]) {
      if (kind !== 'delete') continue;
      entries.delete(id);
      this.shards[shard]!.floor = Math.max(this.shards[shard]!.floor, seq);
    }
  }

  #shardOf(id: string): number {
    return shardOf(id, this.descriptor.shards);
  }
}

export function unavailable(retryAfterMs?: number): VectorStoreError {
  return new VectorStoreError(
    'SERVER_UNAVAILABLE',
    'No server has answered.',
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

function orAborted<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortedError(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    task()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
