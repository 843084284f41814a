import type { Position, Stamp } from '../../shared/sync/protocol.js';
import type { ShardPlace } from './shard-pull.js';

// The contract of an index of one shard's vectors by cosine, which is filled from the log and may be thrown away at any
// time. Implemented on Redis's vector sets by redis/redis-vector-sets.ts.
//
// It guarantees:
// - An element is one state of a record: its stamp and its id. Elements are added, and go with the whole index alone:
//   removing some can crash Redis, and its replicas (redis/redis#15424).
//   So states that have been replaced are still found, and whoever asks compares stamps.
// - An index has every state that the log had up to its position, but for those that were replaced before they were read.
//   `add` is atomic, and does nothing where the index is not at the position that the caller knows.
// - Every call ends: it rejects with `ShardUnavailable` where its shard does not answer.

/** 32 hex digits of the stamp, then the id. */
export type ElementName = string;

export interface ShardIndex {
  /** Random: another one is another index. */
  readonly generation: string;
  readonly position: Position;
}

export interface NamedVector {
  readonly name: ElementName;
  readonly vector: Float32Array;
}

export interface VectorSets {
  /** Why this Redis has none; undefined: it has. */
  unsupported(): Promise<string | undefined>;
  /** Undefined: there is none. */
  index(place: ShardPlace): Promise<ShardIndex | undefined>;
  /**
   * The nearest elements with their approximate cosines, best first; fewer than `count` only where there are no more.
   * Undefined: this index is gone.
   */
  nearest(
    place: ShardPlace,
    generation: string,
    vector: Float32Array,
    count: number,
  ): Promise<readonly { readonly name: ElementName; readonly cosine: number }[] | undefined>;
  /** Puts an empty index in the place of the one that is there. */
  begin(place: ShardPlace): Promise<ShardIndex>;
  /** False: the index is another one, or elsewhere. */
  add(place: ShardPlace, from: ShardIndex, elements: readonly NamedVector[], to: Position): Promise<boolean>;
  /** So many of its elements, each at random, so that some may come twice. */
  sample(place: ShardPlace, generation: string, count: number): Promise<readonly ElementName[]>;
  /** Of filling it; ends after 30 s unless it is kept. Undefined: another has it. */
  lease(place: ShardPlace): Promise<IndexLease | undefined>;
}

export interface IndexLease {
  /** False: it has ended. */
  keep(): Promise<boolean>;
  release(): Promise<void>;
}

const STAMP_LENGTH = 32;

export function elementName({ stamp, id }: { readonly stamp: Stamp; readonly id: string }): ElementName {
  return stamp + id;
}

export function elementOf(name: ElementName): { readonly stamp: Stamp; readonly id: string } {
  return { stamp: name.slice(0, STAMP_LENGTH), id: name.slice(STAMP_LENGTH) };
}
