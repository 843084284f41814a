import { xxHash32 } from '../checksum.js';

const encoder = new TextEncoder();

/** The shard of an id (SPEC, G1): the same on every device and server, for as long as the collection is there. */
export function shardOf(id: string, shards: number): number {
  return xxHash32(encoder.encode(id)) % shards;
}
