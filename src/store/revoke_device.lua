-- Removes a device, if no system is on it (spec/arrowhead-discovery 4.5). Which are is read here and
-- now, so that no registration can come in between.
-- ARGV: 3 by, 4 name
local by, name = ARGV[3], ARGV[4]
local device = read(':device:' .. name)
local in_use = expect(':systems-on:' .. name, 'set')
local no = obstacle()
if no then return no end
if not device then return {'NOTHING', revision, last_token} end
if in_use then return {'REFUSED', 'in-use'} end

remove('device', name)
return commit('revoke-device', by) or {'OK', revision, token}
