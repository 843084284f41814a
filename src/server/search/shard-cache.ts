import type { Position, ShardPage } from '../../shared/sync/protocol.js';
import { type ChangeLog, ShardUnavailable } from '../change-log.js';
import { LRUCache } from '../lru.js';
import { RecordBlock } from './record-block.js';
import { keyOf, positionAfter, pullPage, type ShardPlace, START } from './shard-pull.js';

/** A shard that was asked for within this time is not given up for another: its collection would be read in circles. */
const IN_USE_MS = 60_000;
/** What is scanned as it is read is taken in parts of this size. */
const PART_BYTES = 8 << 20;
/** How often a shard is begun again because its history is another one. */
const MOST_RESTARTS = 3;

type Entry = (ShardPage & { readonly kind: 'page' })['entries'][number];

/** Looks at records. They change once it has resolved. */
export type Visitor = (block: RecordBlock) => Promise<void>;

interface HeldShard {
  block: RecordBlock;
  position: Position;
  /** Calls that have come, and those that are known to see what was there when they came. */
  arrived: number;
  served: number;
  /** It does not fit. */
  dropped: boolean;
  usedAt: number;
  /** The end of the last call's turn. */
  queue: Promise<unknown>;
}

/** Shards as blocks in memory, each brought up to date before it is looked at; those without room are read each time. */
export class ShardCache {
  /** By collection and shard, the least recently used first. */
  readonly #held: LRUCache<string, HeldShard>;
  /** Those that did not fit a moment ago. */
  readonly #unfit = new LRUCache<string, true>({ max: 10_000, ttl: IN_USE_MS });

  constructor(
    private readonly log: ChangeLog,
    private readonly maxBytes: number,
  ) {
    this.#held = new LRUCache({ maxSize: maxBytes });
  }

  /** What the blocks take. */
  get bytes(): number {
    return this.#held.calculatedSize;
  }

  /**
   * Shows each live record of a shard once, in one block or several: all that was acknowledged before the call, later
   * changes perhaps. Rejects with `ShardUnavailable`, perhaps after some of it was shown.
   */
  async visit(place: ShardPlace, visitor: Visitor): Promise<void> {
    const key = keyOf(place);
    const held = this.#unfit.has(key) ? undefined : this.#take(key, place);
    if (held === undefined || !(await this.#visitHeld(key, held, place, visitor))) {
      await this.#visitStored(place, visitor);
    }
  }

  /** As `visit`, for ids alone: where a shard does not fit, its records are not read. */
  async visitIds(place: ShardPlace, onId: (id: string) => void): Promise<void> {
    const key = keyOf(place);
    const held = this.#unfit.has(key) ? undefined : this.#take(key, place);
    const ofBlock = async ({ ids }: RecordBlock) => ids.forEach(onId);
    if (held !== undefined && (await this.#visitHeld(key, held, place, ofBlock))) return;
    for await (const entries of this.#storedEntries(place, true)) for (const { id } of entries) onId(id);
  }

  #take(key: string, { descriptor }: ShardPlace): HeldShard {
    let held = this.#held.get(key);
    if (held === undefined) {
      held = {
        block: new RecordBlock(descriptor.dimension),
        position: START,
        arrived: 0,
        served: 0,
        dropped: false,
        usedAt: 0,
        queue: Promise.resolve(),
      };
      // Known from the start, so that calls that come meanwhile share it.
      this.#held.set(key, held, { size: 1 });
    }
    held.usedAt = Date.now();
    return held;
  }

  /** False: it does not fit, and nothing was shown. */
  #visitHeld(key: string, held: HeldShard, place: ShardPlace, visitor: Visitor): Promise<boolean> {
    const ticket = ++held.arrived;
    const visit = held.queue.then(async () => {
      if (held.served < ticket && !held.dropped) {
        const { arrived } = held;
        await this.#refresh(key, held, place);
        held.served = arrived;
      }
      if (held.dropped) return false;
      await visitor(held.block);
      return true;
    });
    held.queue = visit.catch(() => {});
    return visit;
  }

  async #refresh(key: string, held: HeldShard, place: ShardPlace): Promise<void> {
    for (let restarts = 0, more = true; more; ) {
      const page = await pullPage(this.log, place, held.position);
      if (page.kind === 'page') {
        for (const entry of page.entries) {
          if (entry.kind === 'delete') held.block.remove(entry.id);
          else held.block.put(entry);
        }
        held.position = positionAfter(page);
        ({ more } = page);
      } else {
        if (++restarts > MOST_RESTARTS) throw new ShardUnavailable('Its history changes again and again.');
        held.position = START;
        held.block = new RecordBlock(place.descriptor.dimension);
      }
      if (!this.#admit(key, held)) {
        held.dropped = true;
        held.block = new RecordBlock(place.descriptor.dimension);
        this.#held.delete(key);
        this.#unfit.set(key, true);
        return;
      }
    }
  }

  /** Notes a shard's size, for which those make room that have not been asked for lately. */
  #admit(key: string, held: HeldShard): boolean {
    const { bytes } = held.block;
    this.#held.delete(key);
    while (this.#held.calculatedSize + bytes > this.maxBytes) {
      const oldest = this.#held.rkeys().next();
      if (oldest.done || this.#held.peek(oldest.value)!.usedAt > Date.now() - IN_USE_MS) return false;
      this.#held.delete(oldest.value);
    }
    this.#held.set(key, held, { size: bytes });
    return true;
  }

  async #visitStored(place: ShardPlace, visitor: Visitor): Promise<void> {
    const { dimension } = place.descriptor;
    let part = new RecordBlock(dimension);
    for await (const entries of this.#storedEntries(place, false)) {
      for (const entry of entries) part.put(entry);
      if (part.bytes < PART_BYTES) continue;
      await visitor(part);
      part = new RecordBlock(dimension);
    }
    await visitor(part);
  }

  /** Live records in the order of the log, each once. */
  async *#storedEntries(place: ShardPlace, keys: boolean): AsyncGenerator<readonly Entry[]> {
    let position = START;
    // A record that is written meanwhile comes again, later in the log: either state will do, but only one.
    const shown = new Set<string>();
    for (let more = true; more; ) {
      const page = await pullPage(this.log, place, position, keys);
      if (page.kind !== 'page')
        throw new ShardUnavailable('Its history became another one while it was read.');
      const entries = page.entries.filter(({ kind, id }) => kind !== 'delete' && !shown.has(id));
      for (const { id } of entries) shown.add(id);
      yield entries;
      position = positionAfter(page);
      ({ more } = page);
    }
  }
}
