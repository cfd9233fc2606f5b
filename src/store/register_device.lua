-- Registers a device (spec/arrowhead-discovery 4.4). What is there already is not changed but handed
-- out: whether it equals what was asked for is judged by the caller, who compares JSON by kind and
-- value, and is true for the moment of this look.
-- ARGV: 3 by, 4 name, 5 its document
-- Replies OK or NOTHING with the device's envelope.
local by, name = ARGV[3], ARGV[4]
local device = read(':device:' .. name)
local no = obstacle()
if no then return no end
if device then return {'NOTHING', revision, last_token, device} end

device = envelope(ARGV[5], by)
put('device', name, device)
return commit('register-device') or {'OK', revision, token, device}
