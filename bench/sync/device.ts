import { setMaxListeners } from 'node:events';
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

  async push(operations: readonly Upsert[]): Promise<void> {
    const { results } = await this.#transport.push(
      { collection: this.#id, epochs: {}, replicated: false, operations },
      this.#never.signal,
    );
    const refused = results.find(({ status }) => status !== 'ok');
    if (refused !== undefined) throw new Error(`A push was answered by ${JSON.stringify(refused)}.`);
  }

  /** To the end of these shards; resolves to how many entries have come. */
  async pull(shards: readonly number[]): Promise<number> {
    let count = 0;
    for (let left = shards; left.length > 0; ) {
      const asked = left.map((shard) => ({ shard, ...(this.#positions.get(shard) ?? BEGINNING) }));
      const answer = await this.#transport.pull({ collection: this.#id, shards: asked }, this.#never.signal);
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
    return new Promise((resolve, reject) => {
      this.#transport.hints(onHint, resolve, signal).catch(reject);
    });
  }

  /** As far as `other` has come. */
  catchUpWith(other: Device): void {
    for (const [shard, position] of other.#positions) this.#positions.set(shard, position);
  }
}
