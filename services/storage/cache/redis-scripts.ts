/**
 * Scripts of the cache in Redis. KEYS[1] is the prefix of an organisation's keys, whose braces keep them in one slot of a
 * cluster. A member is `namespace NUL key`. An entry is the hash `entry:<member>` with its value, etag and time of expiry,
 * which Redis also deletes by itself; the other keys say what the entries take:
 *
 * - `use`: members by the time of their last use
 * - `expiry`: members by the time of their expiry
 * - `names`: members in their order, all with the score 0
 * - `sizes`, `bytes`: the size of each member, and of all
 *
 * Times are in milliseconds.
 */
const shared = `
local prefix = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number) return string.format('%.0f', number) end
local function entry_of(member) return prefix .. 'entry:' .. member end

local function forget(member)
  local size = redis.call('HGET', prefix .. 'sizes', member)
  redis.call('DEL', entry_of(member))
  if not size then return 0 end
  redis.call('HDEL', prefix .. 'sizes', member)
  for _, name in ipairs({ 'use', 'expiry', 'names' }) do redis.call('ZREM', prefix .. name, member) end
  redis.call('DECRBY', prefix .. 'bytes', size)
  return 1
end

local function forget_expired()
  local expired = redis.call('ZRANGEBYSCORE', prefix .. 'expiry', '-inf', text(now), 'LIMIT', 0, 100)
  for _, member in ipairs(expired) do forget(member) end
end

local function live_etag(member)
  local etag = redis.call('HGET', entry_of(member), 'etag')
  if not etag then forget(member) end
  return etag
end

local function count(member, size)
  local old = redis.call('HGET', prefix .. 'sizes', member) or 0
  redis.call('HSET', prefix .. 'sizes', member, size)
  redis.call('INCRBY', prefix .. 'bytes', size - old)
  redis.call('ZADD', prefix .. 'names', 0, member)
  redis.call('ZADD', prefix .. 'use', text(now), member)
end

local function expire_at(member, expiry)
  redis.call('HSET', entry_of(member), 'expiry', text(expiry))
  redis.call('PEXPIREAT', entry_of(member), text(expiry))
  redis.call('ZADD', prefix .. 'expiry', text(expiry), member)
end

local function used() return tonumber(redis.call('GET', prefix .. 'bytes') or '0') end

local function make_room(limit, room, kept)
  if used() <= limit then return end
  while used() > limit - room do
    local oldest = redis.call('ZRANGE', prefix .. 'use', 0, 1)
    local member = oldest[1] ~= kept and oldest[1] or oldest[2]
    if not member then return end
    forget(member)
  end
end
`;

/** ARGV: member. Value, etag and expiry; nothing for a miss. */
const get = `${shared}
local member = ARGV[1]
local found = redis.call('HMGET', entry_of(member), 'value', 'etag', 'expiry')
if not found[1] then
  forget(member)
  return {}
end
redis.call('ZADD', prefix .. 'use', text(now), member)
return found
`;

/** ARGV: member, value, new etag, ttl, size, limit, room, expected etag or empty, 1 for only if absent, lease or empty. */
const set = `${shared}
local member, value, etag, ttl, size = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local limit, room, expected, only_if_absent, lease = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9], ARGV[10]
forget_expired()
local old = live_etag(member)
if only_if_absent == '1' and old then return { 'exists' } end
if expected ~= '' and old ~= expected then return { 'changed' } end
redis.call('HSET', entry_of(member), 'value', value, 'etag', etag)
count(member, size)
expire_at(member, now + ttl)
make_room(limit, room, member)
local held = prefix .. 'lease:' .. member
if lease ~= '' and redis.call('GET', held) == lease then redis.call('DEL', held) end
return { 'set', text(now + ttl) }
`;

/** ARGV: member, delta, new etag, ttl, size of an entry without its value, limit, room. */
const increment = `${shared}
local member, delta, etag, ttl, overhead = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
forget_expired()
local old = live_etag(member)
if not old then redis.call('HSET', entry_of(member), 'value', '0') end
local result = redis.pcall('HINCRBY', entry_of(member), 'value', delta)
if type(result) == 'table' and result.err then
  if not old then redis.call('DEL', entry_of(member)) end
  return { 'notInteger' }
end
redis.call('HSET', entry_of(member), 'etag', etag)
local sum = redis.call('HGET', entry_of(member), 'value')
count(member, overhead + string.len(sum))
if not old then expire_at(member, now + ttl) end
make_room(tonumber(ARGV[6]), tonumber(ARGV[7]), member)
return { 'sum', sum, redis.call('HGET', entry_of(member), 'expiry') }
`;

/** ARGV: member. */
const remove = `${shared}
return forget(ARGV[1])
`;

/** ARGV: beginning of the members, how many at most. The number of those that were found. */
const removePrefix = `${shared}
local members = redis.call('ZRANGEBYLEX', prefix .. 'names', '[' .. ARGV[1], '[' .. ARGV[1] .. '\\255', 'LIMIT', 0, ARGV[2])
for _, member in ipairs(members) do forget(member) end
return #members
`;

/** Bytes and number of all entries. */
const usage = `${shared}
forget_expired()
return { text(used()), redis.call('HLEN', prefix .. 'sizes') }
`;

/** ARGV: member, lease. */
const endLease = `${shared}
local held = prefix .. 'lease:' .. ARGV[1]
if redis.call('GET', held) == ARGV[2] then redis.call('DEL', held) end
return 0
`;

export const redisScripts = { get, set, increment, remove, removePrefix, usage, endLease };
