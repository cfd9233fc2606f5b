-- Stands before each of the other scripts. What always holds:
--   * Nothing is written before everything was read and checked, the type of each key included.
--   * The first write is the entry in the journal (`commit`), under pcall: where Redis refuses it
--     (memory, disk, a replica), nothing has changed. What follows are plain commands on keys whose
--     types were checked, which cannot fail.
--   * Documents are never decoded and encoded again; envelopes are put together as text, with the
--     document as the last member.
-- KEYS[1] is the prefix of all keys; it has a hash tag, so they live in one slot.
-- ARGV[1] is the deadline in Redis' time, milliseconds (0: none), ARGV[2] the token of the journal
-- entry, unless nothing is to be done. Replies are arrays that begin with a word:
--   OK revision token envelopes... | NOTHING revision token | LATE now | REFUSED code detail
--   | WRONGTYPE key | DAMAGED key | NOHEAD | FORMAT found | BROKEN | FAILED Redis' words
local prefix, token = KEYS[1], ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_us = clock[1] * 1000000 + clock[2]
local deadline = tonumber(ARGV[1])
if deadline > 0 and now > deadline then
  return {'LATE', now}
end

local mistyped -- the first key that is not of the type that it should be

-- The value of a string key, false where there is none.
local function read(key)
  local value = redis.pcall('GET', prefix .. key)
  if type(value) == 'table' then
    mistyped = mistyped or key
    return false
  end
  return value
end

local function expect(key, kind)
  local found = redis.call('TYPE', prefix .. key).ok
  if found ~= 'none' and found ~= kind then
    mistyped = mistyped or key
  end
  return found ~= 'none'
end

local function whole(number)
  return string.format('%.0f', number)
end

local head = redis.pcall('HMGET', prefix .. ':head', 'revision', 'token', 'format', 'offset', 'tick')
if head.err then
  mistyped = ':head'
  head = {}
end
local revision = tonumber(head[1] or nil)
local last_token = head[2] or ''
expect(':journal', 'stream')

-- Why nothing can be changed now, as the script's reply; nil where it can. Asked by each script
-- when it has read all that it touches.
local function obstacle()
  if mistyped then
    return {'WRONGTYPE', prefix .. mistyped}
  end
  if not revision then
    return {'NOHEAD'}
  end
  if head[3] ~= '1' then
    return {'FORMAT', head[3] or ''}
  end
end

-- RFC 3339 in UTC. The calendar is counted in years that begin in March, so that the leap day is
-- the last day of its year; 719468 days lie between 0000-03-01 and 1970-01-01.
local function utc(ms)
  local second = math.floor(ms / 1000)
  local day = math.floor(second / 86400) + 719468
  second = second % 86400
  local era, in_era = math.floor(day / 146097), day % 146097
  local year = math.floor((in_era - math.floor(in_era / 1460) + math.floor(in_era / 36524)
                           - math.floor(in_era / 146096)) / 365)
  local in_year = in_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local march = math.floor((5 * in_year + 2) / 153)
  local month = march < 10 and march + 3 or march - 9
  year = era * 400 + year + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02dZ', year, month,
                       in_year - math.floor((153 * march + 2) / 5) + 1,
                       math.floor(second / 3600), math.floor(second / 60) % 60, second % 60)
end

-- ---- envelopes ------------------------------------------------------------------------------

-- Where the JSON value that begins at `at` ends (its last byte); nil where it does not.
local function value_end(text, at)
  local first = text:sub(at, at)
  if first == '{' or first == '[' then
    local depth = 0
    while true do
      at = text:find('["{}%[%]]', at)
      if not at then return nil end
      local c = text:sub(at, at)
      if c == '"' then
        at = value_end(text, at)
        if not at then return nil end
      elseif c == '{' or c == '[' then
        depth = depth + 1
      else
        depth = depth - 1
        if depth == 0 then return at end
      end
      at = at + 1
    end
  elseif first == '"' then
    at = at + 1
    while true do
      at = text:find('["\\]', at)
      if not at then return nil end
      if text:sub(at, at) == '"' then return at end
      at = at + 2
    end
  end
  local behind = text:find('[,}%]%s]', at)
  return behind and behind > at and behind - 1 or nil
end

local ours = {v = true, rev = true, created = true, updated = true, by = true, doc = true}

-- Takes any envelope apart, member by member, without decoding a value.
local function dissect(text)
  local parts = {kept = ''}
  local at = text:match('^%s*{%s*()')
  while at do
    if text:sub(at, at) ~= '"' then return nil end
    local stop = value_end(text, at)
    if not stop then return nil end
    local name = text:sub(at + 1, stop - 1)
    at = text:match('^%s*:%s*()', stop + 1)
    stop = at and value_end(text, at)
    if not stop then return nil end
    parts[name] = text:sub(at, stop)
    if not ours[name] then
      parts.kept = parts.kept .. ',"' .. name .. '":' .. parts[name]
    end
    at = text:match('^%s*,%s*()', stop + 1)
  end
  return parts.doc and parts.created and parts or nil
end

-- The parts of a stored envelope that outlive its next version: `created` and `doc` as JSON text,
-- `kept` the members that are not known here, each with its comma. nil where it is none.
local function parts_of(text)
  local created, doc = text:match(
    '^{"v":1,"rev":%d+,"created":("[^"]*"),"updated":"[^"]*","by":{[^{}]*},"doc":()')
  if created and text:sub(-1) == '}' then -- as this version writes it: nothing to keep
    return {created = created, doc = text:sub(doc, -2), kept = ''}
  end
  return dissect(text)
end

local moment = '"' .. utc(now) .. '"'

-- The envelope of `doc`, written by the change that is being made, `at` this moment or another form
-- of it.
local function envelope(doc, by, created, kept, at)
  at = at or moment
  return '{"v":1,"rev":' .. whole(revision + 1) .. ',"created":' .. (created or at)
      .. ',"updated":' .. at .. ',"by":' .. by .. (kept or '') .. ',"doc":' .. doc .. '}'
end

-- ---- registry time ----------------------------------------------------------------------------

-- What is to be taken from Redis' clock for registry time (design 5, "Time"), in ms: what the head
-- has, and what a gap adds that no tick has seen yet, so that a ping that comes first after an
-- outage counts as one that comes after the tick. `pause`: ms from which the time since the last
-- tick is a gap, in either direction. Also returns when that was.
local function time_given_back(pause)
  local offset, tick = tonumber(head[4] or nil) or 0, tonumber(head[5] or nil) or now
  if math.abs(now - tick) > pause then
    offset = offset + now - tick
  end
  return offset, tick
end

-- Ends of leases are counted in microseconds of registry time. A score has them in milliseconds
-- with three decimals: these a double holds, for centuries.
local function score(us)
  return string.format('%.3f', us / 1000)
end

-- When a lease ends; nil where there is none. Asked before `obstacle`.
local function lease_end(member)
  expect(':leases', 'zset')
  if mistyped then return nil end
  local found = redis.call('ZSCORE', prefix .. ':leases', member)
  return found and math.floor(tonumber(found) * 1000 + 0.5) or nil
end

-- ---- the change -----------------------------------------------------------------------------

local fields = {}           -- of the journal entry: name, value, name, value ...
local removed = {}          -- by kind: the ids that it removes
local writes = {}           -- commands that run once the entry is in the journal

local function later(...)
  writes[#writes + 1] = {...}
end

local function put(kind, id, text)
  fields[#fields + 1] = 'put:' .. kind .. ':' .. id
  fields[#fields + 1] = text
  later('SET', prefix .. ':' .. kind .. ':' .. id, text)
end

-- Gives `kind:id` a lease: the only thing that a renewal writes.
local function lease(kind, id, ends)
  fields[#fields + 1] = 'lease:' .. kind .. ':' .. id
  fields[#fields + 1] = whole(ends)
  later('ZADD', prefix .. ':leases', score(ends), kind .. ':' .. id)
end

local function remove(kind, id)
  removed[kind] = removed[kind] or {}
  table.insert(removed[kind], id)
  later('DEL', prefix .. ':' .. kind .. ':' .. id)
end

-- Redis' words for a refusal, without the place in the script that older versions put before them.
local function failed(words)
  words = words:gsub('^@?user_script:%s*%d*:?%s*', ''):gsub('^%-', '')
  if words:find('equal or smaller', 1, true) then
    return {'BROKEN'} -- the journal is ahead of the head: they are not of one history
  end
  return {'FAILED', words}
end

-- Makes the change: one entry in the journal, then everything else. Returns nil, or the reply that
-- says why nothing was changed. `by` may be nil: the entry's envelopes say it already.
local function commit(kind, by)
  local entry = {'XADD', prefix .. ':journal', whole(revision + 1) .. '-0', 'prev', last_token,
                 'token', token, 'at', whole(now), 'kind', kind}
  if by then
    entry[#entry + 1] = 'by'
    entry[#entry + 1] = by
  end
  for i = 1, #fields do
    entry[#entry + 1] = fields[i]
  end
  for of, ids in pairs(removed) do -- one field a kind: a cascade may have thousands of ids
    entry[#entry + 1] = 'del:' .. of
    entry[#entry + 1] = table.concat(ids, '\n')
  end
  local answer = redis.pcall(unpack(entry))
  if type(answer) == 'table' and answer.err then
    return failed(answer.err)
  end
  for i = 1, #writes do
    redis.call(unpack(writes[i]))
  end
  revision = revision + 1
  redis.call('HSET', prefix .. ':head', 'revision', whole(revision), 'token', token)
end
