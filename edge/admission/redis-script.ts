/**
 * Applies a batch: KEYS[1] is the prefix of all keys, ARGV[1] the batch as JSON; the result is the limit states as JSON. A
 * bucket is a string with the time at which it is full, in milliseconds, and expires then. The permits of a key are a hash
 * from holder to "permits expiry", with the time at which the lease ends, in milliseconds.
 */
export const applyScript = `
local prefix = KEYS[1]
local batch = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local function number(value) return string.format('%.17g', value) end

local function set_permits(key, permits)
  if permits > 0 then
    redis.call('HSET', key, batch.holder, permits .. ' ' .. number(now + batch.leaseMs))
    redis.call('PEXPIRE', key, batch.leaseMs)
  else
    redis.call('HDEL', key, batch.holder)
  end
end

local function count_permits(key)
  local permits, mine = 0, 0
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local held, expiry = string.match(all[at + 1], '^(%d+) (.+)$')
    if tonumber(expiry) <= now then
      redis.call('HDEL', key, all[at])
    else
      permits = permits + tonumber(held)
      if all[at] == batch.holder then mine = tonumber(held) end
    end
  end
  return permits, mine
end

local function backlog(request)
  return math.max(0, tonumber(redis.call('GET', prefix .. request.key) or '0') - now)
end

local function set_backlog(request, owed)
  redis.call('SET', prefix .. request.key, number(now + owed), 'PX', math.max(1, math.ceil(owed)))
end

for _, one in ipairs(batch.held) do set_permits(prefix .. 'calls:' .. one.key, one.permits) end

for _, request in ipairs(batch.charges) do
  local owed = backlog(request) + request.cost * request.refillMs / request.tokens
  set_backlog(request, math.min(owed, 2 * request.refillMs))
end

local results = {}
for call, requests in ipairs(batch.calls) do
  local states, granted = {}, true
  for at, request in ipairs(requests) do
    local interval = request.refillMs / request.tokens
    local permits, mine = count_permits(prefix .. 'calls:' .. request.key)
    local owed = backlog(request)
    local wait = owed + request.cost * interval - request.refillMs
    if wait <= 0.1 then wait = 0 end
    states[at] = { backlogMs = owed, waitMs = wait, isBusy = permits >= request.callsMax, mine = mine }
    if wait > 0 or permits >= request.callsMax then granted = false end
  end
  if granted then
    for at, request in ipairs(requests) do
      local state = states[at]
      state.backlogMs = state.backlogMs + request.cost * request.refillMs / request.tokens
      set_backlog(request, state.backlogMs)
      set_permits(prefix .. 'calls:' .. request.key, state.mine + 1)
    end
  end
  results[call] = states
end
if #results == 0 then return '[]' end
return cjson.encode(results)
`;
