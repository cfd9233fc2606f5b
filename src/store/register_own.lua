-- The registry's own entries (spec/arrowhead-discovery 3.15): its system and the services that it
-- offers. Run whenever the store is opened; what stands there already as it should is left alone, so
-- that only a difference makes a change. What others registered under the registry's name goes.
-- ARGV: 3 by, 4 system name, 5 its document, 6 the name with its letter case folded or '', then for
-- each service: instance id, its document, definition name, its document
local by, name, doc, folded = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local of = ':instances-of:' .. name

local system = read(':system:' .. name)
local has_instances = expect(of, 'set')
expect(':ends', 'zset')
if folded ~= '' then expect(':folded', 'hash') end
local services, offered = {}, {}
for i = 7, #ARGV, 4 do
  services[#services + 1] = {id = ARGV[i], doc = ARGV[i + 1], definition = ARGV[i + 2],
                             definition_doc = ARGV[i + 3], stored = read(':instance:' .. ARGV[i]),
                             defined = read(':definition:' .. ARGV[i + 2])}
  offered[ARGV[i]] = true
end
local strangers = {}
for _, id in ipairs(has_instances and not mistyped and redis.call('SMEMBERS', prefix .. of) or {}) do
  if not offered[id] then
    expect(':instance:' .. id, 'string')
    strangers[#strangers + 1] = id
  end
end

-- The device that somebody put the system on; the registry's own document has none.
local before = system and parts_of(system)
local device
if before and before.doc ~= doc and before.doc:find('"device"', 1, true) then
  local decoded, old = pcall(cjson.decode, before.doc)
  device = decoded and type(old) == 'table' and type(old.device) == 'string' and old.device
  if device then expect(':systems-on:' .. device, 'set') end
end

local no = obstacle()
if no then return no end

local changed = false
local function refresh(kind, id, stored, wanted)
  local parts = stored and parts_of(stored)
  if parts and parts.doc == wanted then return false end
  put(kind, id, envelope(wanted, by, parts and parts.created, parts and parts.kept))
  changed = true
  return true
end

if refresh('system', name, system, doc) then
  if device then later('SREM', prefix .. ':systems-on:' .. device, name) end
  if folded ~= '' then later('HSET', prefix .. ':folded', 'system:' .. folded, name) end
end
for _, service in ipairs(services) do
  if not service.defined then
    put('definition', service.definition, envelope(service.definition_doc, by))
    changed = true
  end
  if refresh('instance', service.id, service.stored, service.doc) then
    later('SADD', prefix .. of, service.id)
    later('ZREM', prefix .. ':ends', 'instance:' .. service.id)
  end
end
table.sort(strangers)
for _, id in ipairs(strangers) do
  remove('instance', id)
  later('SREM', prefix .. of, id)
  later('ZREM', prefix .. ':ends', 'instance:' .. id)
  changed = true
end
if not changed then return {'NOTHING', revision, last_token} end
return commit('register-own', by) or {'OK', revision, token}
