/*
 * The keys by which CHAP services prove themselves (spec/chap-registration B1.5): several at a
 * time, so that an old and a new one can overlap, for running services never read a new one.
 *
 * What is kept are digests under a secret of the process; comparing takes the same time whatever is
 * presented. Any thread; a reload swaps all keys at once, and when it returns none of the old ones
 * is taken any more.
 */
#ifndef QUIVER_IDENTITY_SERVICE_KEYS_H
#define QUIVER_IDENTITY_SERVICE_KEYS_H

#include <quiver/base/clock.h>
#include <quiver/config/config.h>

struct qv_service_keys;

/** Reads chap.keys: the environment variable's and those of the file, one a line; blanks around a
 *  key are none of it, blank lines and lines that begin with # are left out. Not there at all is
 *  fine: then nobody can prove anything. QV_INVALID with file and line, or the variable's name, and
 *  no key in the words: the file cannot be read, others than its owner may read it, a line with
 *  blanks inside, control characters, a key given twice. `now`: from when on use is known. */
QV_MUST_CHECK enum qv_status qv_service_keys_new(const struct qv_config *config, struct qv_wall now,
                                                 struct qv_service_keys **ret_keys,
                                                 struct qv_error *error);
/** Reads them again; on failure the old ones stay. A key that stays keeps when it was used. */
QV_MUST_CHECK enum qv_status qv_service_keys_renew(struct qv_service_keys *keys,
                                                   const struct qv_config *config,
                                                   struct qv_error *error);
void qv_service_keys_free(struct qv_service_keys **keys);

/** How many there are. */
size_t qv_service_keys_count(struct qv_service_keys *keys);
/** Logs of each key where it is from and when it was last used. */
void qv_service_keys_log(struct qv_service_keys *keys);

/** What somebody who presented a key has proved. */
struct qv_service_proof {
    bool configured; /**< is there any key? */
    unsigned number; /**< of the key, from 1 on, as logs name it; 0: it is none of them */
};
/** `presented` with `at` NULL: nothing. An empty text is no key. Notes the use: the first of each
 *  key, and then one an hour, is logged. */
void qv_service_keys_prove(struct qv_service_keys *keys, struct qv_str presented,
                           struct qv_wall now, struct qv_service_proof *ret_proof);

#endif
