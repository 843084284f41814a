import { setMaxListeners } from 'node:events';
import { VectorStoreError } from '../../src/shared/errors.js';
import { type Hint, type Position, SYNC_PROTOCOL } from '../../src/shared/sync/protocol.js';
import { shardOf } from '../../src/shared/sync/shard-of.js';
import { HttpClient } from '../../src/worker/sync/http/http-client.js';
import { httpTransport } from '../../src/worker/sync/http/http-transport.js';
import { DIMENSION } from './figure.js';
import type { Upsert } from './records.js';

const STORE = 'bench';
const BEGINNING: Position = { cursor: 0, epoch: '', hi: 0, floor: 0 };

/** A client of one collection that keeps no records: the shipped transport, and where it has come with each shard. */
export class Device {
  readonly #never = new AbortController();
  readonly #positions = new Map<number, Position>();
  readonly #transport;
  #id = '';
  #shards = 0;

  constructor(url: string, collection: string) {
    // Each call under way listens to it.
    setMaxListeners(0, this.#never.signal);
    this.#transport = httpTransport(new HttpClient({ urls: [url] }), STORE, collection);
  }

  /** Makes the collection where it is not there. */
  async open(shards: number): Promise<void> {
    const config = { dimension: DIMENSION, metric: 'cosine', conflict: 'last-writer-wins' } as const;
    const { descriptor } = await this.#transport.open(
      { protocol: SYNC_PROTOCOL, config, shards },
      this.#never.signal,
    );
    this.#id = descriptor.id;
    this.#shards = descriptor.shards;
  }

  get shards(): number[] {
    return Array.from({ length: this.#shards }, (_, shard) => shard);
  }

  shardOf(id: string): number {
    return shardOf(id, this.#shards);
  }

  /** What Redis has not answered in time is pushed again. */
  async push(operations: readonly Upsert[]): Promise<void> {
    for (let left = operations; left.length > 0; ) {
      const request = { collection: this.#id, epochs: {}, replicated: false, operations: left };
      const { results } = await insisted(() => this.#transport.push(request, this.#never.signal));
      const refused = results.find(({ status }) => !['ok', 'dup', 'unavailable'].includes(status));
      if (refused !== undefined) throw new Error(`A push was answered by ${JSON.stringify(refused)}.`);
      left = left.filter((_, i) => results[i]!.status === 'unavailable');
    }
  }

  /** To the end of these shards; resolves to how many entries have come. */
  async pull(shards: readonly number[]): Promise<number> {
    let count = 0;
    for (let left = shards; left.length > 0; ) {
      const asked = left.map((shard) => ({ shard, ...(this.#positions.get(shard) ?? BEGINNING) }));
      const request = { collection: this.#id, shards: asked };
      const answer = await insisted(() => this.#transport.pull(request, this.#never.signal));
      const unfinished: number[] = [];
      for (const page of answer.pages) {
        if (page.kind !== 'page') throw new Error(`A pull was answered by ${JSON.stringify(page)}.`);
        const { shard, cursor, epoch, hi, floor } = page;
        this.#positions.set(shard, { cursor, epoch, hi, floor });
        count += page.entries.length;
        if (page.more) unfinished.push(shard);
      }
      left = unfinished;
    }
    return count;
  }

  /** Resolves when hints come; they do until `signal` aborts. */
  hints(onHint: (hint: Hint) => void, signal: AbortSignal): Promise<void> {
    const open = () =>
      new Promise<void>((resolve, reject) => {
        this.#transport.hints(onHint, resolve, signal).catch(reject);
      });
    return insisted(open);
  }

  /** As far as `other` has come. */
  catchUpWith(other: Device): void {
    for (const [shard, position] of other.#positions) this.#positions.set(shard, position);
  }
}

/** Once more, as a replicator would: a server may close a connection that has rested just when it is used again. */
async function insisted<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof VectorStoreError && error.code === 'SERVER_UNAVAILABLE')) throw error;
    return call();
  }
}
