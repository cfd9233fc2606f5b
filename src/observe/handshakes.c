/*
 * Handshakes counted by what came of them.
 *
 * A row of counters per outcome, a column per word of one table. Words that are not in the table
 * (there should be none) share the last column, so that nothing a peer does makes the metrics grow.
 * All series are written from the start, also where they are zero: a rate that begins with the
 * first refusal would miss it. Any thread.
 */
#include <quiver/observe/handshakes.h>

#include <quiver/base/memory.h>
#include <stdatomic.h>
#include <string.h>

/* What the trust module and the server say of a refusal; the first stands for "no reason". */
static const char *const codes[] = {
    "",
    "bad-chain",
    "bad-issuer",
    "bad-signature",
    "client-alert",
    "expired",
    "gone",
    "handshake",
    "identity",
    "internal",
    "leaf-rule",
    "malformed",
    "no-certificate",
    "no-crl",
    "not-tls",
    "not-yet-valid",
    "parameters",
    "proof",
    "protocol",
    "purpose",
    "revoked",
    "stale-crl",
    "timeout",
    "too-large",
    "unknown-issuer",
    "weak",
    "other",
};
enum { CODES = sizeof(codes) / sizeof(codes[0]), NO_REASON = 0, OTHER = CODES - 1 };

static const struct outcome {
    const char *word;
    bool reasons; /* it has one, always */
} outcomes[] = {
    [QV_HANDSHAKE_FULL] = {"full", false},
    [QV_HANDSHAKE_RESUMED] = {"resumed", false},
    [QV_HANDSHAKE_REFUSED] = {"refused", true},
    [QV_HANDSHAKE_ENDED] = {"ended", true},
};
enum { OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]) };

struct qv_handshakes {
    atomic_uint_fast64_t counts[OUTCOMES][CODES];
};

enum qv_status qv_handshakes_new(struct qv_handshakes **ret_handshakes)
{
    struct qv_handshakes *handshakes = qv_alloc(sizeof(*handshakes));
    if (handshakes == NULL)
        return QV_NO_MEMORY;
    *ret_handshakes = handshakes;
    return QV_OK;
}

void qv_handshakes_free(struct qv_handshakes **handshakes)
{
    qv_free(*handshakes);
    *handshakes = NULL;
}

static size_t column_of(enum qv_handshake_outcome outcome, const char *code)
{
    if (!outcomes[outcome].reasons)
        return NO_REASON;
    for (size_t i = NO_REASON + 1; code != NULL && i < OTHER; i++)
        if (strcmp(codes[i], code) == 0)
            return i;
    return OTHER;
}

void qv_handshakes_count(struct qv_handshakes *handshakes, enum qv_handshake_outcome outcome,
                         const char *code)
{
    atomic_fetch_add_explicit(&handshakes->counts[outcome][column_of(outcome, code)], 1,
                              memory_order_relaxed);
}

static unsigned long long count_of(const struct qv_handshakes *handshakes,
                                   enum qv_handshake_outcome outcome, size_t column)
{
    return (unsigned long long)atomic_load_explicit(&handshakes->counts[outcome][column],
                                                    memory_order_relaxed);
}

static void write_outcome(const struct qv_handshakes *handshakes, enum qv_handshake_outcome outcome,
                          struct qv_buf *buf)
{
    bool reasons = outcomes[outcome].reasons;
    size_t first = reasons ? NO_REASON + 1 : NO_REASON, end = reasons ? CODES : NO_REASON + 1;
    for (size_t i = first; i < end; i++)
        qv_buf_printf(buf, "quiver_handshakes_total{outcome=\"%s\",reason=\"%s\"} %llu\n",
                      outcomes[outcome].word, codes[i], count_of(handshakes, outcome, i));
}

void qv_handshakes_write_ended(const struct qv_handshakes *handshakes, struct qv_buf *buf)
{
    for (size_t i = NO_REASON + 1; i < CODES; i++)
        qv_buf_printf(buf, "quiver_connections_ended_total{reason=\"%s\"} %llu\n", codes[i],
                      count_of(handshakes, QV_HANDSHAKE_ENDED, i));
}

void qv_handshakes_write(const struct qv_handshakes *handshakes, struct qv_buf *buf)
{
    write_outcome(handshakes, QV_HANDSHAKE_FULL, buf);
    write_outcome(handshakes, QV_HANDSHAKE_RESUMED, buf);
    write_outcome(handshakes, QV_HANDSHAKE_REFUSED, buf);
}
