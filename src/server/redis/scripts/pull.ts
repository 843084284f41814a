import { DIGITS, OPEN_EPOCH, REFUSE_DROPPED, STATE, script } from './script.js';

/**
 * KEYS: hash, order.
 * ARGV: epoch, cursor, hi and floor of the position; '1' for heads alone; the device whose entries come as heads
 *   (8 bytes), or ''; most bytes; most entries; the prefix of records' keys.
 * Answers one of
 *   'page', epoch, cursor, hi, floor, whether there is more ('1' or ''), and id, seq, record or head of each entry;
 *   'fork', epoch, bound, floor; 'reset', epoch, floor;
 *   'open', the epoch that has to be closed first or '': by OPEN, since this script may not write, so that it is
 *   answered where memory is full, too.
 */
export const PULL = script(
  'no-writes',
  DIGITS,
  STATE,
  REFUSE_DROPPED,
  `
local order = KEYS[2]
local known, cursor, hi, began = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local headsOnly, device, maxBytes, maxEntries, prefix =
  ARGV[5] == '1', ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

if stale then return { 'open', epoch or '' } end
if known == '' then
  began = floor
elseif known == epoch then
  -- Redis was put back behind what it had acknowledged, under the same history of replication.
  if hi > seq then return { 'open', epoch } end
else
  local last = redis.call('HGET', meta, 'e:' .. known)
  if not last then return { 'fork', epoch, '0', digits(floor) } end
  if hi > tonumber(last) then return { 'fork', epoch, last, digits(floor) } end
end
if cursor < floor and began < floor then return { 'reset', epoch, digits(floor) } end

local found = redis.call('ZRANGEBYSCORE', order, '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, maxEntries + 1)
local entries, size, more = {}, 0, ''
for i = 1, #found, 2 do
  if #entries >= 3 * maxEntries or size >= maxBytes then
    more = '1'
    break
  end
  local id, key = found[i], prefix .. found[i]
  local record = headsOnly and redis.call('GETRANGE', key, 0, 16) or redis.call('GET', key)
  if not record or record == '' then return redis.error_reply('TRYAGAIN a record is on its way') end
  if device ~= '' and string.sub(record, 10, 17) == device then record = string.sub(record, 1, 17) end
  size = size + #record + #id
  cursor = tonumber(found[i + 1])
  table.insert(entries, id)
  table.insert(entries, found[i + 1])
  table.insert(entries, record)
end
if more == '' then cursor = seq end
return { 'page', epoch, digits(cursor), digits(math.max(hi, cursor)), digits(began), more, entries }`,
);

/** KEYS: hash. ARGV: a random epoch; the epoch that it takes the place of, or ''. Harmless when repeated. */
export const OPEN = script(
  'allow-oom',
  DIGITS,
  STATE,
  REFUSE_DROPPED,
  OPEN_EPOCH,
  `
if stale or epoch == ARGV[2] then openEpoch(ARGV[1]) end
return epoch`,
);

/** KEYS: hash, then records. Answers each, or nil. */
export const GET = script('no-writes', STATE, REFUSE_DROPPED, `return redis.call('MGET', unpack(KEYS, 2))`);
