import { DIGITS, REFUSE_DROPPED, STATE, script } from './script.js';

/** KEYS: tombstones. ARGV: their life in milliseconds; how many at most. Answers the ids of those that are older. */
export const EXPIRED = script(
  'no-writes',
  DIGITS,
  `
local time = redis.call('TIME')
local until_ = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', digits(until_), 'LIMIT', 0, ARGV[2])`,
);

/**
 * Removes tombstones, and raises the floor. Those that are not old any more stay.
 *
 * KEYS: hash, order, tombstones; the records. ARGV: life in milliseconds, then the ids.
 * Answers how many, stored bytes before and after.
 */
export const COLLECT = script(
  'allow-oom',
  DIGITS,
  STATE,
  REFUSE_DROPPED,
  `
local order, tombstones = KEYS[2], KEYS[3]
local time = redis.call('TIME')
local until_ = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
local before, removed = bytes, 0
for i = 2, #ARGV do
  local key, id = KEYS[2 + i], ARGV[i]
  local since = redis.call('ZSCORE', tombstones, id)
  if since and tonumber(since) <= until_ then
    floor = math.max(floor, tonumber(redis.call('ZSCORE', order, id)))
    bytes = bytes - redis.call('STRLEN', key) - 2 * #id
    redis.call('DEL', key)
    redis.call('ZREM', order, id)
    redis.call('ZREM', tombstones, id)
    removed = removed + 1
  end
end
redis.call('HSET', meta, 'floor', digits(floor), 'bytes', digits(bytes))
return { removed, digits(before), digits(bytes) }`,
);

/**
 * Marks the shard of a dropped collection, for the tombstone life, and removes records of it.
 *
 * KEYS: hash, order, tombstones; the records. ARGV: life in milliseconds; how many at most; then the ids.
 * Answers the ids that are to be removed next.
 */
export const WIPE = script(
  'allow-oom',
  `
local meta, order, tombstones = KEYS[1], KEYS[2], KEYS[3]
redis.call('HSET', meta, 'dropped', '1', 'bytes', '0')
redis.call('PEXPIRE', meta, ARGV[1])
for i = 3, #ARGV do
  redis.call('DEL', KEYS[1 + i])
  redis.call('ZREM', order, ARGV[i])
  redis.call('ZREM', tombstones, ARGV[i])
end
return redis.call('ZRANGE', order, 0, ARGV[2] - 1)`,
);
