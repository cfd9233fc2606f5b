-- Runs at every connect: makes the head where there is none, adds those of the dialect's seeded
-- templates that are missing (a damaged one stays, for whoever mends it), and refuses data of
-- another format or dialect.
-- ARGV: 3 by, 4 dialect, 5... template documents
-- Replies OPEN now offset revision token begun, or DIALECT found. `begun`: '' where the history
-- just goes on, 'new' where it begins, 'mended' where the head was lost or is older than the
-- journal (keys restored one by one): the revision goes on behind the journal's, and the new
-- token makes every node read everything again.
local by, dialect = ARGV[3], ARGV[4]
local templates, missing = {}, false
for i = 5, #ARGV do
  templates[#templates + 1] = {name = cjson.decode(ARGV[i]).name, doc = ARGV[i]}
  templates[#templates].stored = read(':template:' .. templates[#templates].name)
  missing = missing or not templates[#templates].stored
end
if mistyped then return obstacle() end
local found = redis.call('HGET', prefix .. ':head', 'dialect')
if found and found ~= dialect then return {'DIALECT', found} end
if head[3] and head[3] ~= '1' then return {'FORMAT', head[3]} end

local newest = 0
if redis.call('EXISTS', prefix .. ':journal') == 1 then
  local info = redis.call('XINFO', 'STREAM', prefix .. ':journal')
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then newest = tonumber(info[i + 1]:match('^%d+')) end
  end
end
local goes_on = revision and head[3] and found and newest <= revision
if goes_on and not missing then
  return {'OPEN', now, tonumber(head[4] or nil) or 0, revision, last_token, ''}
end

local begun = goes_on and '' or (revision or newest > 0) and 'mended' or 'new'
revision = math.max(revision or 0, newest)
for _, template in ipairs(templates) do
  if not template.stored then
    put('template', template.name, envelope(template.doc, by))
  end
end
later('HSET', prefix .. ':head', 'format', '1', 'dialect', dialect)
later('HSETNX', prefix .. ':head', 'offset', '0')
later('HSETNX', prefix .. ':head', 'tick', whole(now))
return commit('seed', by)
    or {'OPEN', now, tonumber(head[4] or nil) or 0, revision, token, begun}
