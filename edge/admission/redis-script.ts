/**
 * Does one batch in Redis: KEYS[1] is the prefix of every key, ARGV[1] the batch as JSON; answers the
 * standings as JSON. A bucket is a string, the time in milliseconds at which it is full, and goes at that time. The places of
 * a key are a hash from holder to "calls until", where the latter is the time in milliseconds at which they are free anyway.
 */
export const applyScript = `
local prefix = KEYS[1]
local batch = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local function number(value) return string.format('%.17g', value) end

local function hold(key, calls)
  if calls > 0 then
    redis.call('HSET', key, batch.holder, calls .. ' ' .. number(now + batch.holdMs))
    redis.call('PEXPIRE', key, batch.holdMs)
  else
    redis.call('HDEL', key, batch.holder)
  end
end

local function places(key)
  local calls, mine = 0, 0
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local held, till = string.match(all[at + 1], '^(%d+) (.+)$')
    if tonumber(till) <= now then
      redis.call('HDEL', key, all[at])
    else
      calls = calls + tonumber(held)
      if all[at] == batch.holder then mine = tonumber(held) end
    end
  end
  return calls, mine
end

local function backlog(ask)
  return math.max(0, tonumber(redis.call('GET', prefix .. ask.key) or '0') - now)
end

local function fill(ask, owed)
  redis.call('SET', prefix .. ask.key, number(now + owed), 'PX', math.max(1, math.ceil(owed)))
end

for _, place in ipairs(batch.held) do hold(prefix .. 'calls:' .. place.key, place.calls) end

for _, ask in ipairs(batch.charges) do
  fill(ask, math.min(backlog(ask) + ask.cost * ask.refillMs / ask.tokens, 2 * ask.refillMs))
end

local answers = {}
for number_of_turn, turn in ipairs(batch.turns) do
  local standings, open = {}, true
  for at, ask in ipairs(turn) do
    local interval = ask.refillMs / ask.tokens
    local calls, mine = places(prefix .. 'calls:' .. ask.key)
    local owed = backlog(ask)
    local wait = owed + ask.cost * interval - ask.refillMs
    if wait <= 0.1 then wait = 0 end
    standings[at] = { backlogMs = owed, waitMs = wait, isBusy = calls >= ask.callsMax, mine = mine }
    if wait > 0 or calls >= ask.callsMax then open = false end
  end
  if open then
    for at, ask in ipairs(turn) do
      local standing = standings[at]
      standing.backlogMs = standing.backlogMs + ask.cost * ask.refillMs / ask.tokens
      fill(ask, standing.backlogMs)
      hold(prefix .. 'calls:' .. ask.key, standing.mine + 1)
    end
  end
  answers[number_of_turn] = standings
end
if #answers == 0 then return '[]' end
return cjson.encode(answers)
`;
