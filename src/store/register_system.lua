-- Registers a system under its own name (spec/arrowhead-discovery 4.1; 11.6, 11.14). What is there
-- already is not changed but handed out, with the device that it is on: whether it equals what was
-- asked for is judged by the caller, who compares JSON by kind and value, and is true for the moment
-- of this look. An entry that was made automatically gives way.
-- ARGV: 3 by, 4 name, 5 its document up to the addresses, 6 the list of these or '', 7 the document
-- from behind them, 8 name of the device or '', 9 the name with its letter case folded or ''
-- Replies OK or NOTHING with the envelopes of the system and its device ('' without one).
local by, name, addresses = ARGV[3], ARGV[4], ARGV[6]
local device, folded = ARGV[8], ARGV[9]

-- The document of an envelope, decoded only where it may have one of the members; nil where it is
-- none.
local function document(text, ...)
  local parts = parts_of(text)
  if not parts then return nil end
  local wanted = false
  for _, member in ipairs({...}) do
    wanted = wanted or parts.doc:find('"' .. member .. '"', 1, true)
  end
  local decoded, doc = pcall(cjson.decode, wanted and parts.doc or '{}')
  return decoded and type(doc) == 'table' and doc or nil
end

-- What a system without addresses of its own has: the device's by which it can be reached.
local reachable = {IPV4 = true, IPV6 = true, HOSTNAME = true}
local function inherited(doc)
  local list = {}
  for _, address in ipairs(type(doc.addresses) == 'table' and doc.addresses or {}) do
    local text = type(address) == 'table' and reachable[address.type] and address.address
    if type(text) == 'string' then
      list[#list + 1] = '{"type":"' .. address.type .. '","address":' .. cjson.encode(text) .. '}'
    end
  end
  return #list > 0 and '[' .. table.concat(list, ',') .. ']'
end

local before = read(':system:' .. name)
local on = device ~= '' and read(':device:' .. device)
if device ~= '' then expect(':systems-on:' .. device, 'set') end
if folded ~= '' then expect(':folded', 'hash') end
local no = obstacle()
if no then return no end

-- ---- there is one ----
local known = before and document(before, 'automatic', 'device')
if before and not known then return {'DAMAGED', prefix .. ':system:' .. name} end
local left = known and type(known.device) == 'string' and known.device -- the device of the one before
if known and known.automatic ~= true then
  on = left and read(':device:' .. left) or ''
  return obstacle() or {'NOTHING', revision, last_token, before, on}
end

-- ---- there is none, or an automatic one ----
if folded ~= '' then
  local twin = redis.call('HGET', prefix .. ':folded', 'system:' .. folded)
  -- who went since may have left its name
  if twin and twin ~= name and redis.call('EXISTS', prefix .. ':system:' .. twin) == 1 then
    return {'REFUSED', 'twin', twin}
  end
end
if device ~= '' and not on then return {'REFUSED', 'device', device} end
if addresses == '' and on then
  local doc = document(on, 'addresses')
  if not doc then return {'DAMAGED', prefix .. ':device:' .. device} end
  addresses = inherited(doc) or ''
end
if addresses == '' then return {'REFUSED', 'addresses'} end
if left and left ~= device then
  expect(':systems-on:' .. left, 'set')
  no = obstacle()
  if no then return no end
  later('SREM', prefix .. ':systems-on:' .. left, name)
end

local doc = ARGV[5] .. ',"addresses":' .. addresses .. ARGV[7]
local system = envelope(doc, by, nil, before and parts_of(before).kept)
put('system', name, system)
if device ~= '' then later('SADD', prefix .. ':systems-on:' .. device, name) end
if folded ~= '' then later('HSET', prefix .. ':folded', 'system:' .. folded, name) end
return commit('register-system') or {'OK', revision, token, system, on or ''}
