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

static void put_moment(struct qv_buf *buf, const char *name, const char *label, const char *text,
                       struct qv_wall at)
{
    qv_buf_printf(buf, "%s{", name);
    metrics_put_label(buf, label, qv_str_from(text));
    qv_buf_printf(buf, "} %lld\n", (long long)at.seconds);
}

struct ending {
    const char *file;
    struct qv_wall at;
};

/* The own certificate's end, and behind it those of the CAs; false: there is no such index. */
static bool ending_of(const struct qv_trust *trust, size_t index, struct ending *ret_ending)
{
    const struct qv_anchors *anchors = qv_trust_anchors(trust);
    struct qv_ca_facts ca;
    if (qv_trust_own(trust) == NULL || index > qv_anchors_count(anchors))
        return false;
    if (index == 0) {
        *ret_ending = (struct ending){qv_trust_own_file(trust), qv_trust_own(trust)->not_after};
        return true;
    }
    qv_anchors_facts(anchors, index - 1, &ca);
    *ret_ending = (struct ending){ca.file, ca.not_after};
    return true;
}

/* The earliest end in this one's file, for it may hold several CAs; false: an earlier index told
   it. */
static bool earliest_in_file(const struct qv_trust *trust, size_t index, struct ending *ending)
{
    struct ending other;
    for (size_t i = 0; ending_of(trust, i, &other); i++) {
        if (i == index || !qv_str_equal(qv_str_from(other.file), qv_str_from(ending->file)))
            continue;
        if (i < index)
            return false;
        if (qv_wall_compare(other.at, ending->at) < 0)
            ending->at = other.at;
    }
    return true;
}

void metrics_write_certificates(const struct metrics_scrape *scrape, struct qv_buf *buf,
                                const char *name)
{
    struct ending ending;
    for (size_t i = 0; scrape->trust != NULL && ending_of(scrape->trust, i, &ending); i++)
        if (earliest_in_file(scrape->trust, i, &ending))
            put_moment(buf, name, "file", ending.file, ending.at);
}

/* The earliest nextUpdate among the CRLs with this one's issuer name (there may be several: two CAs
   of one name during a rotation, or CRLs of several scopes); false: an earlier index told it. */
static bool earliest_of(const struct qv_crls *crls, size_t index, struct qv_crl_facts *ret_facts)
{
    struct qv_crl_facts other;
    qv_crls_facts(crls, index, ret_facts);
    if (!ret_facts->has_next_update)
        return false;
    for (size_t i = 0; i < qv_crls_count(crls); i++) {
        qv_crls_facts(crls, i, &other);
        if (i == index || !other.has_next_update ||
            !qv_str_equal(qv_str_from(other.issuer), qv_str_from(ret_facts->issuer)))
            continue;
        if (i < index)
            return false;
        if (qv_wall_compare(other.next_update, ret_facts->next_update) < 0)
            ret_facts->next_update = other.next_update;
    }
    return true;
}

void metrics_write_crls(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    struct qv_crl_facts facts;
    if (scrape->trust == NULL || qv_trust_own(scrape->trust) == NULL)
        return;
    const struct qv_crls *crls = qv_anchors_crls(qv_trust_anchors(scrape->trust));
    for (size_t i = 0; i < qv_crls_count(crls); i++) {
        if (!earliest_of(crls, i, &facts))
            continue;
        put_moment(buf, name, "issuer", facts.issuer, facts.next_update);
    }
}
