import { script } from './script.js';

// Of an index (SPEC, O3): a hash with its generation `g`, its position in the log `c`, `e`, `h`, `f` and how many elements
// were added, `n`; and a vector set. Both end by themselves when they are not used.

/**
 * KEYS: the hash, the vector set of its generation.
 * ARGV: generation, cursor and epoch that it has to have; cursor, epoch, hi and floor that it gets; its life and that of
 *   the vector set in milliseconds; name and float32 of each element.
 * Answers 0 where it has others.
 */
export const ADD_ELEMENTS = script(
  '',
  `
local has = redis.call('HMGET', KEYS[1], 'g', 'c', 'e')
if has[1] ~= ARGV[1] or has[2] ~= ARGV[2] or has[3] ~= ARGV[3] then return 0 end
for i = 10, #ARGV, 2 do redis.call('VADD', KEYS[2], 'FP32', ARGV[i + 1], ARGV[i]) end
redis.call('HSET', KEYS[1], 'c', ARGV[4], 'e', ARGV[5], 'h', ARGV[6], 'f', ARGV[7])
redis.call('HINCRBY', KEYS[1], 'n', (#ARGV - 9) / 2)
redis.call('PEXPIRE', KEYS[1], ARGV[8])
redis.call('PEXPIRE', KEYS[2], ARGV[9])
return 1`,
);

/**
 * KEYS: the hash, the vector set that goes. ARGV: the generation that it has to have, or ''; the new one; its life.
 * Answers 0 where it has another.
 */
export const BEGIN_INDEX = script(
  '',
  `
if (redis.call('HGET', KEYS[1], 'g') or '') ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[2])
redis.call('HSET', KEYS[1], 'g', ARGV[2], 'c', '0', 'e', '', 'h', '0', 'f', '0', 'n', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`,
);

/** KEYS: a lease. ARGV: whose it has to be; for how many milliseconds it is kept, 0: it is given back. */
export const KEEP_LEASE = script(
  '',
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
);
