import type { Descriptor } from '../../shared/sync/protocol.js';
import type { CollectionName } from '../change-log.js';
import { crc16, SLOTS } from './slot.js';

// Every name that the change log has in Redis (SPEC, G1). All begin with `{ns:`, which an ACL rule can name.

/** The keys of one shard, and its channel; all in one slot. */
export interface ShardKeys {
  readonly meta: string;
  /** Entries by sequence number. */
  readonly order: string;
  /** Tombstones by time. */
  readonly tombstones: string;
  readonly channel: string;
  /** With an id behind it: the key of its record. */
  readonly recordPrefix: string;
  /** Which vector set there is, and how far it has come with the log. */
  readonly index: string;
  readonly indexLease: string;
  /** With a generation behind it: a vector set. */
  readonly vectorSetPrefix: string;
}

/** Field of a collection → its descriptor. */
export const collectionsKey = (tenant: string, store: string) => `{ns:${encode(tenant)}/${encode(store)}}:c`;

/** Is there for the tombstone life of a collection that was dropped. */
export const dropMarkKey = ({ tenant, store, collection }: CollectionName) =>
  `{ns:${encode(tenant)}/${encode(store)}}:d:${encode(collection)}`;

/** Names a collection among those of its tenant. */
export const collectionField = ({ store, collection }: CollectionName) =>
  `${encode(store)}/${encode(collection)}`;

export const usageKey = (tenant: string) => `{ns:${encode(tenant)}}:u`;

const KEPT_COLLECTIONS = 1_000;
const shardsOf = new Map<string, (ShardKeys | undefined)[]>();

export function shardKeys(
  name: CollectionName,
  { id, shards }: Pick<Descriptor, 'id' | 'shards'>,
  shard: number,
): ShardKeys {
  const collection = `ns:${encode(name.tenant)}/${encode(name.store)}/${encode(name.collection)}/${id}`;
  let keys = shardsOf.get(`${collection}#${shards}`);
  if (keys === undefined) {
    if (shardsOf.size >= KEPT_COLLECTIONS) shardsOf.clear();
    keys = [];
    shardsOf.set(`${collection}#${shards}`, keys);
  }
  return (keys[shard] ??= keysUnder(hashTag(`${collection}#${shard}.`, shards, shard)));
}

function keysUnder(tag: string): ShardKeys {
  return {
    meta: `${tag}:m`,
    order: `${tag}:z`,
    tombstones: `${tag}:x`,
    channel: `${tag}:ch`,
    recordPrefix: `${tag}:r:`,
    index: `${tag}:vi`,
    indexLease: `${tag}:vl`,
    vectorSetPrefix: `${tag}:v:`,
  };
}

/** `{<prefix><j>}` with the first j whose slot lies in the shard's share of the slots. */
function hashTag(prefix: string, shards: number, shard: number): string {
  const crc = crc16(prefix);
  for (let j = 0; ; j++) {
    const slot = crc16(String(j), crc) % SLOTS;
    if (Math.floor((slot * shards) / SLOTS) === shard) return `{${prefix}${j}}`;
  }
}

/** Percent-encoded; a half surrogate pair, which has no UTF-8, as `%u` and its digits. */
function encode(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/gu, (character) =>
    /^[\uD800-\uDFFF]$/.test(character)
      ? `%u${character.charCodeAt(0).toString(16)}`
      : `%${[...Buffer.from(character)].map((byte) => byte.toString(16).padStart(2, '0')).join('%')}`,
  );
}
