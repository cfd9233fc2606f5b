/*
 * The verifier's inside: a question on its way to another system is a flight. Private to
 * `identity`.
 */
#ifndef QUIVER_IDENTITY_FLIGHTS_H
#define QUIVER_IDENTITY_FLIGHTS_H

#include "answers.h"
#include "fetch.h"
#include "files.h"

#include <pthread.h>
#include <quiver/identity/verifier.h>
#include <stdatomic.h>

struct qv_flight;

struct qv_verifier {
    const struct qv_config *config;
    const struct qv_dialect *dialect;
    char *verify_url; /* NULL: none is configured */
    struct qv_fetcher *fetcher;
    struct qv_mono told; /* the fetcher's thread's: no fault is logged before then ... */
    unsigned suppressed; /* ... and how many were not */

    pthread_mutex_t lock;   /* guards what follows; no callback is called with it */
    struct qv_files *files; /* in force */
    struct qv_answers *answers;
    struct qv_flight *flights;
};

/** Asks for `segment`, a token or name, below `url`. False: the inquiry is answered already, from
 *  what is remembered or because nobody can be asked. Any thread. */
bool qv_flights_ask(struct qv_verifier *verifier, enum qv_question_kind kind, struct qv_str url,
                    struct qv_str segment, struct qv_inquiry *inquiry);
/** Answers an inquiry without asking anybody; false, for `return`. */
bool qv_inquiry_refuse(struct qv_inquiry *inquiry, enum qv_status status, const char *words);

#endif
