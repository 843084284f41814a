import { DIGITS, script } from './script.js';

/**
 * KEYS: the store's collections, the drop mark. ARGV: the collection's field; its descriptor; '1' if the caller has
 * synced with it. Answers the descriptor that is there afterwards, or nil: it was dropped.
 */
export const CREATE = script(
  '',
  `
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there then return there end
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 1 then return false end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]`,
);

/**
 * KEYS: the store's collections, the drop mark. ARGV: the collection's field; the descriptor that is dropped; life of
 * the mark in milliseconds. Answers whether it was there.
 */
export const DROP = script(
  'allow-oom',
  `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1`,
);

/**
 * KEYS: the tenant's hash of stored bytes: one field for each shard, and their sum. ARGV: field, bytes, and so on.
 * Answers the sum. What is set is absolute: a call that is lost or late is made good by the next for that shard.
 */
export const USAGE = script(
  'allow-oom',
  DIGITS,
  `
local key, change = KEYS[1], 0
for i = 1, #ARGV, 2 do
  change = change + ARGV[i + 1] - tonumber(redis.call('HGET', key, ARGV[i]) or 0)
  if ARGV[i + 1] == '0' then
    redis.call('HDEL', key, ARGV[i])
  else
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
  end
end
if change == 0 then return redis.call('HGET', key, 'sum') or '0' end
return digits(redis.call('HINCRBY', key, 'sum', digits(change)))`,
);
