/*
 * What a reload came to: part by part, as JSON (for the control socket), as log lines, and, read
 * back from JSON, as lines for people. One thread.
 */
#ifndef QUIVER_CLI_RELOAD_OUTCOME_H
#define QUIVER_CLI_RELOAD_OUTCOME_H

#include "reload_when.h"

#include <quiver/base/json.h>
#include <quiver/server/server.h>

/** What is built, checked and put in force, each by itself. The last three are no files of the
 *  operator's: they are told of only where they failed. */
enum reload_part {
    RELOAD_CONFIGURATION,
    RELOAD_OWN,        /**< QV_TRUST_OWN */
    RELOAD_ANCHORS,    /**< QV_TRUST_ANCHORS */
    RELOAD_POLICY,     /**< authorization.policy */
    RELOAD_IDENTITY,   /**< secrets and CAs of `identity` */
    RELOAD_KEYS,       /**< chap.keys.file */
    RELOAD_WORKERS,    /**< did all take over what is new? */
    RELOAD_CRL_MEMORY, /**< is it written down which CRLs are the newest? */
    RELOAD_ENTRIES,    /**< were the own entries computed anew? */
    RELOAD_PARTS,
};
/** "own certificate" ...; static; also the source under which health has its reasons. */
const char *reload_part_name(enum reload_part part);

struct reload_outcome {
    uint64_t generation; /**< of the trust in force */
    struct {
        bool present; /**< without TLS there is no own certificate, for example */
        bool renewed;
        struct qv_strings faults; /**< owned; why not, or what failed */
    } parts[RELOAD_PARTS];
    struct qv_strings changed;  /**< settings that were taken over; owned */
    struct qv_strings restart;  /**< settings that differ from what runs, until a restart; owned */
    struct qv_strings warnings; /**< what will soon need the operator; owned */
    struct qv_sweep sweep;
};
void reload_outcome_free(struct reload_outcome *outcome);

/** What a part came to. */
void reload_outcome_set(struct reload_outcome *outcome, enum reload_part part, bool renewed);
/** It failed, with one more fault. */
void reload_outcome_fail(struct reload_outcome *outcome, enum reload_part part, const char *words);
/** It failed: with `error`, which is empty where memory is out. */
void reload_outcome_fail_by(struct reload_outcome *outcome, enum reload_part part,
                            enum qv_status status, const struct qv_error *error);
/** Lists of words that do not fit are told of as far as they do. */
void reload_outcome_add(struct qv_strings *list, const char *words);

/** Does something old stay that the files say should not? */
bool reload_outcome_is_good(const struct reload_outcome *outcome);
/** Is there a fault in any part? */
bool reload_outcome_has_faults(const struct reload_outcome *outcome);

/** Appends it as one line of JSON without newline. */
void reload_outcome_write(const struct reload_outcome *outcome, struct qv_buf *buf);
/** What of it has been said before: that is worth a debug line only. */
struct reload_said {
    bool faults;  /**< and what was renewed beside them */
    bool restart; /**< which settings need a restart */
};
/** "reload failed" for each fault, "restart needed", then "reloaded" where anything was. */
void reload_outcome_log(const struct reload_outcome *outcome, enum reload_trigger trigger,
                        struct reload_said said);

/** From what reload_outcome_write wrote: appends a line for each thing, for people. QV_FOREIGN: it
 *  is no outcome. `ret_good` as reload_outcome_is_good. */
QV_MUST_CHECK enum qv_status reload_outcome_tell(const json_t *outcome, struct qv_buf *buf,
                                                 bool *ret_good);

#endif
