import { VectorStoreError } from '../../shared/errors.js';
import type { ConflictPolicy, Stamp } from '../../shared/sync/protocol.js';
import type { CollectionConfig } from '../../shared/types.js';
import type { CollectionEngine } from '../collection/collection-engine.js';
import { clientOf, openEngine } from '../collection/engine.contract.js';
import type { Storage } from '../storage/storage.js';
import type { Mirror } from './mirror.js';
import type { Clock } from './surroundings.js';
import type { TestCollection } from './test-collection.contract.js';

/** The shipped collection, as tests of the replicator need it. */
export class EngineCollection implements TestCollection {
  readonly mirror: Mirror;
  readonly #client: ReturnType<typeof clientOf>;

  private constructor(private readonly engine: CollectionEngine) {
    this.mirror = engine.mirror;
    this.#client = clientOf(engine);
  }

  /** @param sleep until merges begin; by default as on a device */
  static async open(
    storage: Storage,
    clock: Clock,
    conflict: ConflictPolicy,
    sleep?: Clock['sleep'],
  ): Promise<EngineCollection> {
    const config: CollectionConfig = {
      ...{ name: 'notes', dimension: 2, metric: 'cosine' },
      ...(conflict === 'compare-and-set' ? { conflict } : {}),
    };
    const { engine } = await openEngine(storage, config, undefined, undefined, undefined, {
      now: () => clock.now(),
      ...(sleep && { sleep }),
    });
    return new EngineCollection(engine);
  }

  async write(id: string, number: number): Promise<Stamp> {
    await this.#client.upsert([{ id, vector: [number, 1], metadata: { number } }]);
    return this.#stampOf(id);
  }

  /** In one batch: id → text. */
  async writeTexts(texts: Readonly<Record<string, string>>): Promise<void> {
    await this.#client.upsert(Object.entries(texts).map(([id, text]) => ({ id, vector: [1, 1], text })));
  }

  async remove(id: string): Promise<Stamp> {
    await this.#client.deleteIds([id]);
    return this.#stampOf(id);
  }

  async #stampOf(id: string): Promise<Stamp> {
    const [operation] = await this.mirror.operations([id]);
    return operation!.stamp;
  }

  async numbers(): Promise<Record<string, number>> {
    const { ids } = await this.#client.list();
    const records = await this.#client.get(ids);
    return Object.fromEntries(records.map((record) => [record!.id, record!.metadata.number]));
  }

  /** Merges what there is, as maintenance does. */
  async optimize(): Promise<void> {
    await this.engine.optimize({
      signal: new AbortController().signal,
      onProgress: () => {},
      embedder: undefined,
    });
  }

  async live(): Promise<Map<string, Stamp>> {
    const { ids } = await this.#client.list();
    const operations = await this.mirror.operations(ids);
    return new Map(operations.map(({ id, stamp }) => [id, stamp]));
  }

  /** Segments that were found damaged. */
  async quarantined(): Promise<number> {
    return (await this.engine.stats()).quarantined.segments;
  }

  /** Catches up with another tab. */
  async follow(): Promise<void> {
    await this.engine.follow(Number.MAX_SAFE_INTEGER);
  }

  close(): void {
    this.engine.close(new VectorStoreError('CLOSED', 'The simulated page is closed.'));
  }
}
