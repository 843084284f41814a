import type { VectorStoreErrorCode } from '../errors.js';
import type { CollectionConfig, ConflictPolicy } from '../types.js';

export type { ConflictPolicy } from '../types.js';

// The whole conversation of a client and the sync server, but for how it is packed (frame.ts, messages.ts). No logic
// here.
//
// Under /v1/stores/<store>/collections/<collection>:
//   PUT          OpenRequest (JSON) → OpenAnswer (JSON)
//   POST /push   PushRequest (frame) → PushAnswer (frame)
//   POST /pull   PullRequest (JSON) → PullAnswer (frame)
//   GET  /hints  server-sent events, each with a Hint as data
// A frame's float32 block holds the vectors of its upserts, one after another, in the order in which they come; its
// head has their dimension (`dimension`, 0 without any). Refusals are JSON: Refusal.

export const SYNC_PROTOCOL = 1;

/** Operations in a push at most. */
export const MAX_OPERATIONS = 500;
/** Bytes of a request at most. */
export const MAX_BODY_BYTES = 8 << 20;
/** Bytes of operations that a client puts into one push, unless a single one has more. */
export const PUSH_BYTES = 4 << 20;
/** Bytes of one shard in the answer to a pull, unless a single entry has more; of more than eight shards 8 MiB in all. */
export const PULL_BYTES = 1 << 20;
/** Shards in a pull at most; a client asks for four. */
export const MAX_PULLED_SHARDS = 64;
export const DEFAULT_SHARDS = 16;
export const MAX_SHARDS = 1_024;
/** 30 days. */
export const DEFAULT_TOMBSTONE_LIFE_MS = 30 * 24 * 3_600_000;
/** A stream of hints that has nothing to tell sends a comment as often. */
export const HINT_HEARTBEAT_MS = 15_000;
/** How far ahead of the server's clock a stamp may be. */
export const MAX_AHEAD_MS = 60_000;

/** Codes that a refusal may have. */
export const REFUSAL_CODES = [
  'INVALID_ARGUMENT',
  'DIMENSION_MISMATCH',
  'DUPLICATE_ID',
  'CONFIG_MISMATCH',
  'QUOTA_EXCEEDED',
  'UNAUTHORIZED',
  'SYNC_REJECTED',
  'SERVER_UNAVAILABLE',
] as const satisfies readonly VectorStoreErrorCode[];

/** What comes with a status from 400 on. */
export interface Refusal {
  readonly error: { readonly code: VectorStoreErrorCode; readonly message: string };
}

/** 32 lower-case hex digits: 48-bit milliseconds, 16-bit counter, 64-bit device id. Their order is that of stamps. */
export type Stamp = string;

/** What has to be alike on both sides. */
export interface PinnedConfig extends Omit<CollectionConfig, 'name' | 'conflict'> {
  readonly conflict: ConflictPolicy;
}

/** What is pinned of a collection on the server. */
export interface Descriptor extends PinnedConfig {
  /** Random, 32 hex digits: another one is another collection under the same name. */
  readonly id: string;
  readonly shards: number;
  readonly tombstoneLifeMs: number;
}

export interface OpenRequest {
  readonly protocol: number;
  /** What it has to be, or is created with. */
  readonly config: PinnedConfig;
  /** Only where it is created: default 16 shards and 30 days. */
  readonly shards?: number;
  readonly tombstoneLifeMs?: number;
  /** The descriptor's id that the client has synced with before. */
  readonly known?: string;
}

export interface OpenAnswer {
  readonly descriptor: Descriptor;
  /** Milliseconds since 1970 by the server's clock, which is that of Redis. */
  readonly time: number;
}

export interface Operation {
  readonly kind: 'upsert' | 'delete';
  readonly id: string;
  readonly stamp: Stamp;
  /** What the server had when it was made; empty: nothing. */
  readonly base: Stamp | '';
  /** JSON. */
  readonly metadata?: string;
  readonly text?: string;
}

/** An operation, or an entry of the log, with its vector: `undefined` for a delete. */
export type WithVector<T> = T & { readonly vector: Float32Array | undefined };

export interface PushRequest {
  /** `Descriptor.id`. */
  readonly collection: string;
  /** Shard → the epoch that the client knows; a shard that it has never met is left out. */
  readonly epochs: Readonly<Record<number, string>>;
  /** Whether a replica is waited for (`WAIT`). */
  readonly replicated: boolean;
  readonly operations: readonly WithVector<Operation>[];
}

/** What the server has of an id. */
export interface Entry {
  readonly kind: 'upsert' | 'delete';
  readonly id: string;
  readonly stamp: Stamp;
  readonly metadata?: string;
  readonly text?: string;
}

export type PushResult =
  /** Applied, or it had been: the server has this stamp. */
  | { readonly status: 'ok' | 'dup' }
  /** Another write has won, and is told. */
  | { readonly status: 'stale' | 'conflict'; readonly current: WithVector<Entry> }
  /** The record was deleted, and its tombstone has been collected since. */
  | { readonly status: 'gone' }
  /** The shard's history is another one; nothing of its operations was applied. Pull first. */
  | { readonly status: 'epoch' }
  /** The stamp is more than `MAX_AHEAD_MS` ahead; surely not applied. */
  | { readonly status: 'future' }
  /** Refused for good: another dimension, too large. */
  | { readonly status: 'invalid'; readonly message: string }
  /** The tenant has no bytes left. Surely not applied; may succeed later. */
  | { readonly status: 'quota'; readonly message: string }
  /** Its shard did not answer. Whether it was applied is unknown; repeating it is harmless. */
  | { readonly status: 'unavailable'; readonly message: string };

export interface PushAnswer {
  readonly time: number;
  /** One for each operation, in their order. */
  readonly results: readonly PushResult[];
  /** Of the shards that have answered. `seq`: the highest that this push has reached. */
  readonly shards: Readonly<
    Record<number, { readonly epoch: string; readonly seq: number; readonly replicated: boolean }>
  >;
}

/** How far a client has come with a shard. */
export interface Position {
  /** Everything up to it was pulled; 0: nothing. */
  readonly cursor: number;
  /** Empty: none is known. */
  readonly epoch: string;
  /** Highest sequence number seen in a pull or an acknowledgement. */
  readonly hi: number;
  /**
   * What the answer gave with which this pull began at cursor 0; 0: it has not begun. Tombstones up to it were collected
   * before, so that a pull that is still below it has missed none.
   */
  readonly floor: number;
}

export interface PullRequest {
  readonly collection: string;
  readonly shards: readonly (Position & {
    readonly shard: number;
    /** Only ids and stamps. */
    readonly keys?: boolean;
  })[];
  /** Entries of this device (the last 16 digits of their stamps) come without vector, metadata and text. */
  readonly device?: string;
}

export type ShardPage =
  | {
      readonly kind: 'page';
      readonly shard: number;
      readonly epoch: string;
      /** What this page leads to, and to go on from. */
      readonly cursor: number;
      readonly hi: number;
      readonly floor: number;
      /** There is more after it. */
      readonly more: boolean;
      /** `bare`: no vector, metadata and text, because that was asked for. */
      readonly entries: readonly WithVector<Entry & { readonly seq: number; readonly bare?: boolean }>[];
    }
  /** Acknowledged history above `bound` is lost. Go on from `{ cursor: 0, epoch, hi: 0, floor }`. */
  | {
      readonly kind: 'fork';
      readonly shard: number;
      readonly epoch: string;
      readonly bound: number;
      readonly floor: number;
    }
  /** Tombstones that the client has not seen are gone. Go on from `{ cursor: 0, epoch, hi, floor }`. */
  | { readonly kind: 'reset'; readonly shard: number; readonly epoch: string; readonly floor: number }
  | { readonly kind: 'unavailable'; readonly shard: number; readonly message: string };

export interface PullAnswer {
  readonly time: number;
  /** One for each shard that was asked for. */
  readonly pages: readonly ShardPage[];
}

/** A shard has something new up to `seq`. Hints may be lost. */
export interface Hint {
  readonly shard: number;
  readonly seq: number;
}
