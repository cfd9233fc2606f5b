-- Keeps a CHAP service alive: moves its lease's end and nothing else, so that no ping brings back
-- what was deleted or writes what is old (spec/chap-registration B1.2, B4.6).
-- ARGV: 3 id, 4 length of the lease in us, 5 us for which an ended one may be revived, 6 ms from
-- which a pause is a gap
-- Replies OK with now and the lease's end in us of Redis' clock; NOTHING where there is none.
local id, length, revive = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local there = expect(':chap:' .. id, 'string')
local ends = lease_end('chap:' .. id)
local no = obstacle()
if no then return no end

local registry_now = now_us - time_given_back(tonumber(ARGV[6])) * 1000
if not there or not ends or ends + revive <= registry_now then
  return {'NOTHING', revision, last_token}
end
lease('chap', id, registry_now + length)
return commit('ping-chap') or {'OK', revision, token, now_us, now_us + length}
