-- Removes a system and, in the same change, all its instances (spec/arrowhead-discovery 4.3).
-- Which these are is read here and now, so that no registration can come in between.
-- ARGV: 3 by, 4 system name
local by, name = ARGV[3], ARGV[4]
local system = read(':system:' .. name)
local of = ':instances-of:' .. name
local has_instances = expect(of, 'set')
expect(':ends', 'zset')

local known = system and parts_of(system)
local device
if known and known.doc:find('"device"', 1, true) then
  local decoded, doc = pcall(cjson.decode, known.doc)
  device = decoded and type(doc) == 'table' and type(doc.device) == 'string' and doc.device
  if device then expect(':systems-on:' .. device, 'set') end
end
local ids = has_instances and not mistyped and redis.call('SMEMBERS', prefix .. of) or {}
for i = 1, #ids do
  expect(':instance:' .. ids[i], 'string')
end

local no = obstacle()
if no then return no end
if not system then return {'NOTHING', revision, last_token} end

table.sort(ids)
for i = 1, #ids do
  remove('instance', ids[i])
  later('ZREM', prefix .. ':ends', 'instance:' .. ids[i])
end
later('DEL', prefix .. of)
remove('system', name)
if device then later('SREM', prefix .. ':systems-on:' .. device, name) end
return commit('revoke-system', by) or {'OK', revision, token}
