/*
 * The scripts by which alone the stored data changes, and what their refusals mean.
 */
#ifndef QUIVER_STORE_SCRIPTS_H
#define QUIVER_STORE_SCRIPTS_H

#include "reply.h"

enum qv_script {
    QV_SCRIPT_OPEN,
    QV_SCRIPT_TICK,
    QV_SCRIPT_REGISTER_SERVICE,
    QV_SCRIPT_REVOKE_SERVICE,
    QV_SCRIPT_REVOKE_SYSTEM,
    QV_SCRIPT_REGISTER_SYSTEM,
    QV_SCRIPT_REGISTER_DEVICE,
    QV_SCRIPT_REVOKE_DEVICE,
    QV_SCRIPT_REGISTER_OWN,
    QV_SCRIPT_REGISTER_CHAP,
    QV_SCRIPT_PING_CHAP,
    QV_SCRIPT_DELETE_CHAP,
    QV_SCRIPT_COUNT,
};
/** "register-service" ...; static. */
const char *qv_script_name(enum qv_script script);
/** The Lua text; static. */
struct qv_str qv_script_text(enum qv_script script);

/** What to do with the connection after a refusal. */
enum qv_remedy {
    QV_REMEDY_NONE,
    QV_REMEDY_OPEN,      /**< run open.lua again: the head is not what it was */
    QV_REMEDY_RECONNECT, /**< this Redis does not take changes any more */
};

/** Why a script, or Redis before it, changed nothing. */
struct qv_refusal {
    const char *code;
    enum qv_status status;
    enum qv_remedy remedy;
    const char *words; /**< what is the matter, after "The change was not made: " */
};
/** The refusal that an answer is; NULL: it is none that is known, so nobody can tell what Redis
 * did. Static. */
const struct qv_refusal *qv_refusal_of(const struct qv_reply *reply);
/** An error reply that begins with this code. */
bool qv_reply_is_error(const struct qv_reply *reply, const char *code);

#endif
