/*
 * The series about trust: its generation, what came of reloads, and when what it is made of ends.
 * Any thread.
 */
#include "metrics_writers.h"

void metrics_write_generation(const struct metrics_scrape *scrape, struct qv_buf *buf,
                              const char *name)
{
    if (scrape->trust != NULL)
        metrics_put(buf, name, qv_trust_generation(scrape->trust));
}

/* A part's time or outcome. */
static void write_parts(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name,
                        long long (*value)(const struct metrics_part *part))
{
    for (size_t i = 0; i < QV_METRICS_PARTS; i++) {
        const struct metrics_part *part = &scrape->metrics->parts[i];
        if (part->name != NULL)
            metrics_put_labelled(buf, name, "part", qv_str_from(part->name),
                                 (unsigned long long)value(part));
    }
}

static long long outcome_of(const struct metrics_part *part)
{
    return part->good;
}

static long long try_of(const struct metrics_part *part)
{
    return part->tried.seconds;
}

static long long success_of(const struct metrics_part *part)
{
    return part->succeeded.seconds;
}

#define OF_PARTS(what)                                                                             \
    void metrics_write_##what(const struct metrics_scrape *scrape, struct qv_buf *buf,             \
                              const char *name)                                                    \
    {                                                                                              \
        write_parts(scrape, buf, name, what##_of);                                                 \
    }
OF_PARTS(outcome)
OF_PARTS(try)
OF_PARTS(success)

/* ---- when it ends ---------------------------------------------------------------------------- */

struct ending {
    const char *of; /* the label's value */
    struct qv_wall at;
    bool known; /* else it has no end that is told */
};

/* False: there is no such index. */
typedef bool ending_reader(const struct qv_trust *trust, size_t index, struct ending *ret_ending);

/* The own certificate's end, and behind it those of the CAs, by their files. */
static bool certificate_at(const struct qv_trust *trust, size_t index, struct ending *ret_ending)
{
    const struct qv_anchors *anchors = qv_trust_anchors(trust);
    struct qv_ca_facts ca;
    if (qv_trust_own(trust) == NULL || index > qv_anchors_count(anchors))
        return false;
    if (index == 0) {
        *ret_ending =
            (struct ending){qv_trust_own_file(trust), qv_trust_own(trust)->not_after, true};
        return true;
    }
    qv_anchors_facts(anchors, index - 1, &ca);
    *ret_ending = (struct ending){ca.file, ca.not_after, true};
    return true;
}

/* Each CRL's nextUpdate, by its issuer. */
static bool crl_at(const struct qv_trust *trust, size_t index, struct ending *ret_ending)
{
    struct qv_crl_facts facts;
    if (qv_trust_own(trust) == NULL)
        return false;
    const struct qv_crls *crls = qv_anchors_crls(qv_trust_anchors(trust));
    if (index >= qv_crls_count(crls))
        return false;
    qv_crls_facts(crls, index, &facts);
    *ret_ending = (struct ending){facts.issuer, facts.next_update, facts.has_next_update};
    return true;
}

/* A label's value may stand several times: a file holds several CAs, two CAs have one name during a
   rotation, CRLs have scopes. Its first index tells the earliest end; false: this is another. */
static bool find_earliest(const struct qv_trust *trust, ending_reader *read, size_t index,
                          struct ending *ending)
{
    struct ending other;
    for (size_t i = 0; read(trust, i, &other); i++) {
        if (i == index || !other.known ||
            !qv_str_equal(qv_str_from(other.of), qv_str_from(ending->of)))
            continue;
        if (i < index)
            return false;
        if (qv_wall_compare(other.at, ending->at) < 0)
            ending->at = other.at;
    }
    return true;
}

static void write_endings(const struct qv_trust *trust, ending_reader *read, struct qv_buf *buf,
                          const char *name, const char *label)
{
    struct ending ending;
    for (size_t i = 0; trust != NULL && read(trust, i, &ending); i++) {
        if (!ending.known || !find_earliest(trust, read, i, &ending))
            continue;
        qv_buf_printf(buf, "%s{", name);
        metrics_put_label(buf, label, qv_str_from(ending.of));
        qv_buf_printf(buf, "} %lld\n", (long long)ending.at.seconds);
    }
}

void metrics_write_certificates(const struct metrics_scrape *scrape, struct qv_buf *buf,
                                const char *name)
{
    write_endings(scrape->trust, certificate_at, buf, name, "file");
}

void metrics_write_crls(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    write_endings(scrape->trust, crl_at, buf, name, "issuer");
}
