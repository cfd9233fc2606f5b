-- Runs once a second on every node; several at once do no harm. Ends what is due, gives leases
-- back the time of an outage or a clock step, and trims the journal (design 5, "Time").
-- ARGV: 3 how many may end at once, 4 journal_max, 5 ms for which entries stay, 6 ms from which a
-- pause is a gap, 7 what parts an instance id, 8 us for which an ended lease may be revived
-- Replies TICK now offset revision token ended left-alone now-in-us due: `left-alone` is a due key
-- that is no string and was not touched, or ''; `due` counts what was looked at, also that key and
-- members that had no key.
local limit, journal_max = tonumber(ARGV[3]), tonumber(ARGV[4])
local keep, separator, revive = tonumber(ARGV[5]), ARGV[7], tonumber(ARGV[8])
expect(':ends', 'zset')
expect(':leases', 'zset')
local no = obstacle()
if no then return no end

local offset, tick = time_given_back(tonumber(ARGV[6]))

-- ---- what is due ----
local left_alone, ended = '', 0

local function of_provider(id)
  local at = id:find(separator, 1, true)
  return at and ':instances-of:' .. id:sub(1, at - 1)
end

local function end_member(zset, member)
  later('ZREM', prefix .. zset, member)
  local kind, id = member:match('^([^:]+):(.+)$')
  local found = kind and redis.call('TYPE', prefix .. ':' .. member).ok or 'none'
  if found == 'none' then return end
  -- A damaged key must not keep everything else from ending: it loses its end and stays.
  local set = found == 'string' and kind == 'instance' and of_provider(id) or nil
  local set_type = set and redis.call('TYPE', prefix .. set).ok
  if found ~= 'string' or (set and set_type ~= 'none' and set_type ~= 'set') then
    left_alone = prefix .. (found ~= 'string' and ':' .. member or set)
    return
  end
  remove(kind, id)
  if set then later('SREM', prefix .. set, id) end
  ended = ended + 1
end

local seen = 0 -- due members
for _, zset in ipairs({':ends', ':leases'}) do
  local until_when = zset == ':leases' and score(now_us - offset * 1000 - revive) or whole(now)
  local due = redis.call('ZRANGEBYSCORE', prefix .. zset, '-inf', until_when, 'LIMIT', 0,
                         limit - seen)
  for i = 1, #due do
    end_member(zset, due[i])
  end
  seen = seen + #due
end
if ended > 0 then
  no = commit('expire')
  if no then return no end
else
  for i = 1, #writes do
    redis.call(unpack(writes[i]))
  end
end
-- With other nodes ticking too, once or twice a second is often enough.
if offset ~= tonumber(head[4] or nil) or math.abs(now - tick) >= 500 or not head[5] then
  local answer = redis.pcall('HSET', prefix .. ':head', 'offset', whole(offset), 'tick', whole(now))
  if type(answer) == 'table' and answer.err then return failed(answer.err) end
end

-- ---- the journal ----
local function at_of(number)
  local entry = redis.call('XRANGE', prefix .. ':journal', whole(number), whole(number))[1]
  for i = 1, entry and #entry[2] or 0, 2 do
    if entry[2][i] == 'at' then return tonumber(entry[2][i + 1]) end
  end
end

local function trim()
  local first = redis.call('XRANGE', prefix .. ':journal', '-', '+', 'COUNT', 1)[1]
  first = first and tonumber(first[1]:match('^%d+'))
  if not first then return end
  -- The last entry that may go lies in [first, high]; revisions are contiguous and `at` rises.
  -- At most so many at once that nobody waits for it.
  local low, high = first - 1, math.min(revision - journal_max, first + 9999)
  while low < high do
    local middle = math.floor((low + high + 1) / 2)
    local at = at_of(middle)
    if not at or at <= now - keep then low = middle else high = middle - 1 end
  end
  if low >= first then
    redis.call('XTRIM', prefix .. ':journal', 'MINID', whole(low + 1))
  end
end
if redis.call('XLEN', prefix .. ':journal') > journal_max then trim() end

return {'TICK', now, offset, revision, ended > 0 and token or last_token, ended, left_alone,
        now_us, seen}
