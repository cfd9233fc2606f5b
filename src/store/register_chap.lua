-- Registers a CHAP service, or keeps alive or replaces the one that is there
-- (spec/chap-registration B1.2). One whose lease has ended is as if it were not there, also while it
-- could be revived; so is one that cannot be read.
-- ARGV: 3 by, 4 id, 5 its document, 6 length of the lease in us, 7 replace or keep: what to do where
-- it is there: keep leaves it as it is, lease and all, 8 ms from which a pause is a gap
-- Replies OK, or NOTHING where it is left as it is, with the envelope, what it came to (new, same,
-- updated, kept), and when it was last alive and when its lease ends, in us of Redis' clock.
local by, id, doc, length = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local before = read(':chap:' .. id)
local ends = lease_end('chap:' .. id)
local no = obstacle()
if no then return no end

local behind = time_given_back(tonumber(ARGV[8])) * 1000
local registry_now = now_us - behind
local parts = before and ends and ends > registry_now and parts_of(before)
if parts and ARGV[7] == 'keep' then
  return {'NOTHING', revision, last_token, before, 'kept', ends + behind - length, ends + behind}
end

local how, stored, who = 'same', before, by
if not parts or parts.doc ~= doc then
  how = parts and 'updated' or 'new'
  local exactly = '"' .. utc(now):sub(1, -2) .. string.format('.%06dZ"', clock[2])
  stored, who = envelope(doc, by, parts and parts.created, parts and parts.kept, exactly), nil
  put('chap', id, stored)
end
lease('chap', id, registry_now + length)
return commit('register-chap', who)
    or {'OK', revision, token, stored, how, now_us, now_us + length}
