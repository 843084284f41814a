import { xxHash32 } from '../checksum.js';

const encoder = new TextEncoder();

/** The shard of an id (SPEC, G1): the same on every device and server, for as long as the collection is there. */
export function shardOf(id: string, shards: number): number {
  return shardOfBytes(encoder.encode(id), shards);
}

/** @param id UTF-8 that starts at a multiple of 4 in its buffer */
export function shardOfBytes(id: Uint8Array, shards: number): number {
  return xxHash32(id) % shards;
}
