import type { Entry, Stamp } from '../../shared/sync/protocol.js';

// What happened in one run of the simulation, in its order: the input of the history checker.

interface Version {
  readonly id: string;
  readonly kind: Entry['kind'];
  readonly stamp: Stamp;
}

export type Event =
  /** A write on a device; `stamp` is the one that it got, and may be another when it is sent (Y9). */
  | ({ readonly type: 'written'; readonly client: number } & Version)
  /** The server has taken it: `ok`, not `dup`. `base`: what it was based on. */
  | ({ readonly type: 'applied'; readonly base: Stamp | '' } & Version)
  /** The device was told `ok` or `dup`. */
  | ({ readonly type: 'acknowledged'; readonly client: number } & Version)
  /** The application of the device was told that its write was overruled. */
  | ({ readonly type: 'overruled'; readonly client: number } & Version)
  /** A tombstone was collected; `uncertain`: devices (16 hex digits) on which a create of the id is pending then. */
  | ({ readonly type: 'collected'; readonly uncertain: readonly string[] } & Version)
  /** More time has passed than tombstones live. */
  | { readonly type: 'outlived' }
  /** Redis has lost this version of the id. */
  | ({ readonly type: 'forgotten' } & Version);

/** What each side holds at the end: id → version. */
export type Replica = ReadonlyMap<string, Version>;

export interface History {
  readonly events: readonly Event[];
  /** Live records of the server. */
  readonly server: Replica;
  /** Live records of each device. */
  readonly clients: readonly Replica[];
  /** How many writes are pending at the end, on all devices. */
  readonly pending: number;
}
