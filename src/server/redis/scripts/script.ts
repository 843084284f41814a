import { createHash } from 'node:crypto';

/** A Lua script that runs on the master of its first key. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/**
 * Every script begins with a shebang: Redis then refuses it as a whole, before its first write, where memory is full or
 * a key is of another slot; and it declares every key that it writes, so that Redis answers TRYAGAIN before the first
 * write while the slot is on its way to another master. What it only reads may be undeclared: an entry that is not
 * there is then TRYAGAIN, too, and never passed over.
 *
 * Numbers go as decimal digits and are compared as numbers; stamps are compared as unpacked integers, since Lua
 * compares strings by the locale.
 */
export function script(flags: string, ...parts: string[]): Script {
  const source = [`#!lua${flags && ` flags=${flags}`}`, ...parts].join('\n');
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}

export const DIGITS = `
-- Lua would write 2^53 as 9.007e+15.
local function digits(n) return string.format('%.0f', n) end`;

/** Ends a script that came for a dropped collection; `state.dropped` has to be there. */
export const REFUSE_DROPPED = `
if state.dropped then return redis.error_reply('DROPPED the collection of this shard') end`;

/** Reads the shard's hash into `state`. `KEYS[1]` is that hash. */
export const STATE = `
local meta = KEYS[1]
local state = {}
do
  local names = { 'seq', 'floor', 'ep', 'rid', 'bytes', 'dropped' }
  local values = redis.call('HMGET', meta, unpack(names))
  for i, name in ipairs(names) do state[name] = values[i] end
end
local seq, floor, bytes = tonumber(state.seq or 0), tonumber(state.floor or 0), tonumber(state.bytes or 0)
local epoch = state.ep
local rid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
-- A failover, a restart or the move of the slot has come between, or this is the first call.
local stale = not epoch or state.rid ~= rid`;

/**
 * `openEpoch(fresh)` closes the epoch, and opens `fresh` 2^32 above it: what the old one has acknowledged beyond its
 * end, and lost, is then below everything that the new one gives out.
 */
export const OPEN_EPOCH = `
local function openEpoch(fresh)
  if epoch then
    redis.call('HSET', meta, 'e:' .. epoch, digits(seq))
    seq = seq + 4294967296
  end
  epoch = fresh
  redis.call('HSET', meta, 'ep', epoch, 'rid', rid, 'seq', digits(seq))
end`;
