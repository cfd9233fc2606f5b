-- Registers a service instance: in one change with its definition, and with its provider where
-- that is entered automatically (spec/arrowhead-discovery 3.2 rows 25 and 26, 3.9, 11.14).
-- ARGV: 3 by, 4 automatic or required, 5 instance id, 6 its document, 7 system name, 8 document of
-- an automatic system, 9 definition name, 10 its document, 11 end in ms or empty, 12 and 13 names of
-- system and definition with their letter case folded or '', 14 how many instances the system may
-- have or '', 15 how many templates are to be made, then each one's name and document, then the
-- names of those that must be there
-- Replies OK with the envelopes of instance, system, device ('' without one), definition.
local by, automatic = ARGV[3], ARGV[4] == 'automatic'
local id, name, definition = ARGV[5], ARGV[7], ARGV[9]
local ends, most = tonumber(ARGV[11]), tonumber(ARGV[14])
local member = 'instance:' .. id

local before = read(':instance:' .. id)
local system = read(':system:' .. name)
local defined = read(':definition:' .. definition)
local fresh, overtaken, absent = {}, nil, nil
local last = 15 + 2 * tonumber(ARGV[15])
for i = 16, last, 2 do
  local there = read(':template:' .. ARGV[i])
  local parts = there and parts_of(there)
  if not there then
    fresh[#fresh + 1] = {name = ARGV[i], doc = ARGV[i + 1]}
  elseif not parts or parts.doc ~= ARGV[i + 1] then
    overtaken = overtaken or ARGV[i] -- what was checked was not checked against this one
  end
end
for i = last + 1, #ARGV do
  if not read(':template:' .. ARGV[i]) then
    absent = absent or ARGV[i]
  end
end
expect(':instances-of:' .. name, 'set')
expect(':ends', 'zset')
-- Names that differ in letter case alone are refused (section 11.6); who went may have left its name.
local function twin_of(kind, folded, own)
  if folded == '' then return nil end
  expect(':folded', 'hash')
  if mistyped then return nil end
  local twin = redis.call('HGET', prefix .. ':folded', kind .. ':' .. folded)
  return twin and twin ~= own and redis.call('EXISTS', prefix .. ':' .. kind .. ':' .. twin) == 1
      and twin
end
local system_twin = not system and automatic and twin_of('system', ARGV[12], name)
local definition_twin = not defined and twin_of('definition', ARGV[13], definition)

local no = obstacle()
if no then return no end

-- The system as it will stand, and whether it is to be written.
local known, rewrite = system and parts_of(system), false
local stale = known and automatic and known.doc ~= ARGV[8]
    and known.doc:find('"automatic":true', 1, true)
local decoded, doc = pcall(cjson.decode, known and (stale or known.doc:find('"device"', 1, true))
                           and known.doc or '{}')
decoded = decoded and type(doc) == 'table'
if stale and decoded and doc.automatic == true then
  system, rewrite = envelope(ARGV[8], by, known.created, known.kept), true
elseif not system and automatic then
  system, rewrite = envelope(ARGV[8], by), true
end
local device = ''
if decoded and type(doc.device) == 'string' and not rewrite then
  device = read(':device:' .. doc.device) or ''
end

no = obstacle()
if no then return no end
if absent then return {'REFUSED', 'template', absent} end
if overtaken then return {'REFUSED', 'overtaken', overtaken} end
if not system then return {'REFUSED', 'system', name} end
if system_twin then return {'REFUSED', 'twin', system_twin} end
if definition_twin then return {'REFUSED', 'definition-twin', definition_twin} end
if most and not before and redis.call('SCARD', prefix .. ':instances-of:' .. name) >= most then
  return {'REFUSED', 'instances', whole(most) .. ' service instances of ' .. name}
end
if not decoded or (not known and not rewrite) then
  return {'DAMAGED', prefix .. ':system:' .. name}
end

-- An instance is always made anew; of the one before, only unknown members of its envelope stay.
local old = before and parts_of(before)
local instance = envelope(ARGV[6], by, nil, old and old.kept)
for i = 1, #fresh do put('template', fresh[i].name, envelope(fresh[i].doc, by)) end
if rewrite then
  put('system', name, system)
  if ARGV[12] ~= '' then later('HSET', prefix .. ':folded', 'system:' .. ARGV[12], name) end
end
if not defined then
  defined = envelope(ARGV[10], by)
  put('definition', definition, defined)
  if ARGV[13] ~= '' then
    later('HSET', prefix .. ':folded', 'definition:' .. ARGV[13], definition)
  end
end
put('instance', id, instance)
later('SADD', prefix .. ':instances-of:' .. name, id)
if ends then
  later('ZADD', prefix .. ':ends', whole(ends), member)
else
  later('ZREM', prefix .. ':ends', member)
end
return commit('register-service')
    or {'OK', revision, token, instance, system, device, defined}
