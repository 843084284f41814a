import { DIGITS, OPEN_EPOCH, REFUSE_DROPPED, STATE, script } from './script.js';

/**
 * KEYS: hash, order, tombstones; the record of each operation.
 * ARGV: a random epoch, should one have to be opened; the epoch that the caller knows or ''; the policy; the channel;
 *   then for each operation its id, its base (16 bytes or ''), its record.
 * Answers: epoch, seq, stored bytes before and after; for each operation its status or { status, record }.
 */
export const PUSH = script(
  '',
  DIGITS,
  STATE,
  REFUSE_DROPPED,
  OPEN_EPOCH,
  `
local order, tombstones = KEYS[2], KEYS[3]
local expected, policy, channel = ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = bytes
local results = {}

local function later(a, b)
  local a1, a2, a3, a4 = struct.unpack('>I4I4I4I4', a)
  local b1, b2, b3, b4 = struct.unpack('>I4I4I4I4', b)
  if a1 ~= b1 then return a1 > b1 end
  if a2 ~= b2 then return a2 > b2 end
  if a3 ~= b3 then return a3 > b3 end
  return a4 > b4
end

local function isTombstone(head) return string.byte(head, 1) % 2 == 1 end

local function statusOf(head, base, stamp)
  if head == '' then return base == '' and 'ok' or 'gone' end
  local stored = string.sub(head, 2, 17)
  if stored == stamp then return 'dup' end
  if stored == base then return 'ok' end
  if policy == 'compare-and-set' then return 'conflict' end
  return later(stamp, stored) and 'ok' or 'stale'
end

local function write(key, id, record, head)
  seq = seq + 1
  bytes = bytes + #record
  if head == '' then bytes = bytes + 2 * #id else bytes = bytes - redis.call('STRLEN', key) end
  redis.call('SET', key, record)
  redis.call('ZADD', order, digits(seq), id)
  if isTombstone(record) then
    redis.call('ZADD', tombstones, digits(now), id)
  elseif head ~= '' and isTombstone(head) then
    redis.call('ZREM', tombstones, id)
  end
end

if stale then openEpoch(ARGV[1]) end
local refused = expected ~= '' and expected ~= epoch
local written = false
for i = 1, #KEYS - 3 do
  local key, id, base, record = KEYS[3 + i], ARGV[3 * i + 2], ARGV[3 * i + 3], ARGV[3 * i + 4]
  if refused then
    results[i] = 'epoch'
  else
    local head = redis.call('GETRANGE', key, 0, 16)
    local status = statusOf(head, base, string.sub(record, 2, 17))
    if status == 'ok' then
      write(key, id, record, head)
      written = true
    end
    if status == 'stale' or status == 'conflict' then
      results[i] = { status, redis.call('GET', key) }
    else
      results[i] = status
    end
  end
end
-- Also where nothing was applied: WAIT asks for the last write of its connection.
redis.call('HSET', meta, 'seq', digits(seq), 'bytes', digits(bytes), 'at', digits(now))
if written then redis.call('SPUBLISH', channel, digits(seq)) end
return { epoch, digits(seq), digits(before), digits(bytes), results }`,
);
