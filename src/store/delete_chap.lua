-- Removes a CHAP service, also one whose lease has ended and that no tick has removed yet: who is
-- told that it is not there must not see it revived.
-- ARGV: 3 by, 4 id, 5 ms from which a pause is a gap
-- Replies OK with alive, or ended where the lease had; NOTHING where there is none.
local by, id = ARGV[3], ARGV[4]
local there = expect(':chap:' .. id, 'string')
local ends = lease_end('chap:' .. id)
local no = obstacle()
if no then return no end
if not there then return {'NOTHING', revision, last_token} end

local registry_now = now_us - time_given_back(tonumber(ARGV[5])) * 1000
remove('chap', id)
later('ZREM', prefix .. ':leases', 'chap:' .. id)
return commit('delete-chap', by)
    or {'OK', revision, token, ends and ends > registry_now and 'alive' or 'ended'}
