-- Removes a service instance. The definition and the provider stay (spec/arrowhead-discovery 3.13).
-- What has ended is gone, though the tick may not have removed it yet (11.11).
-- ARGV: 3 by, 4 instance id, 5 its provider
local by, id, name = ARGV[3], ARGV[4], ARGV[5]
local member = 'instance:' .. id
local instance = read(':instance:' .. id)
expect(':instances-of:' .. name, 'set')
expect(':ends', 'zset')
local no = obstacle()
if no then return no end

local ends = tonumber(redis.call('ZSCORE', prefix .. ':ends', member) or nil)
if not instance or (ends and ends <= now) then
  return {'NOTHING', revision, last_token}
end
remove('instance', id)
later('SREM', prefix .. ':instances-of:' .. name, id)
later('ZREM', prefix .. ':ends', member)
return commit('revoke-service', by) or {'OK', revision, token}
