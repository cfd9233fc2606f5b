/*
 * What a decision of the policy costs: one among 1,000 rules, for several kinds of rules and of
 * questions, against the goal of 5 us, and against the same decision among 10 rules (the yardstick:
 * the same work, but for the number of rules). A decision is what a request asks: the permit for
 * the operation and the grant for its object, with rights that are held; beside it what looking the
 * rights up costs, known and unknown callers. Prints a table; --check makes a missed goal exit
 * status 1. One thread.
 */
#include <quiver/base/buf.h>
#include <quiver/base/clock.h>
#include <quiver/base/memory.h>
#include <quiver/policy/policy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 10, MANY = 1000, ROUNDS = 7, DECISIONS = 20000, CALLERS = 3000 };
#define GOAL_NS 5000.0

/* ---- policies ---- */

/* How the rules are: %u is the rule's number. */
static const struct shape {
    const char *name, *rule;
    const char *system;  /* who asks; %u: of any number */
    const char *service; /* about what; %u: of any number */
    bool one_by_one;     /* no name tells these rules apart: beyond the goal, and said so */
} shapes[] = {
    {"each rule about another system", "who: {systems: system-%u}, allow: service.register",
     "system-%u", "info", false},
    {"all fit, each about another service",
     "who: {systems: '*'}, allow: service.register, on: {services: service-%u}", "system-1",
     "service-%u", false},
    {"all fit, each about services by prefix",
     "who: {systems: '*'}, allow: service.register, on: {services: service-%u-*}", "system-1",
     "service-%u-x", false},
    {"all fit, each about another provider",
     "who: {systems: '*'}, allow: service.register, on: {provider: system-%u}", "system-%u", "info",
     false},
    {"each denies another system all but one service",
     "who: {systems: system-%u}, deny: service.register, unless: {services: service-%u}",
     "system-%u", "service-%u", false},
    {"all fit, none by name: each is looked at",
     "who: {systems: '*'}, allow: service.register, on: {services: '*-of-%u-*'}", "system-1",
     "service-of-%u-x", true},
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* Replaces each %u by the number. */
static void put_numbered(struct qv_buf *buf, const char *form, unsigned number)
{
    for (const char *at = form; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 'u') {
            qv_buf_printf(buf, "%u", number);
            at++;
        } else {
            qv_buf_put_char(buf, *at);
        }
    }
}

static struct qv_policy *make_policy(const struct shape *shape, unsigned count)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct qv_rules rules = {.dialect = qv_dialect_get(QV_DIALECT_5_0)};
    struct qv_policy *policy = NULL;
    qv_buf_put_text(&text, "version: 1\nrules:\n");
    for (unsigned i = 0; i < count; i++) {
        qv_buf_printf(&text, "  - {name: rule %u, ", i);
        put_numbered(&text, shape->rule, i);
        qv_buf_put_text(&text, "}\n");
    }
    qv_buf_put_text(&text, "  - {name: rest, who: {systems: '*'}, allow: service.register, "
                           "on: {provider: self}}\n");
    if (qv_policy_parse("bench", qv_buf_str(&text), &rules, &policy, &faults) != QV_OK) {
        fprintf(stderr, "%s\n", faults.count > 0 ? faults.at[0] : "out of memory");
        exit(2);
    }
    return policy;
}

/* ---- questions ---- */

struct asking {
    char system[64], service[64];
    struct qv_identity identity;
    struct qv_caller caller;
    struct qv_object object;
};

static void write_name(const char *form, unsigned number, char name[64])
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    put_numbered(&buf, form, number);
    snprintf(name, 64, "%s", buf.at != NULL ? buf.at : "");
}

static void make_asking(const struct shape *shape, unsigned number, struct asking *asking)
{
    write_name(shape->system, number, asking->system);
    write_name(shape->service, number, asking->service);
    asking->identity = (struct qv_identity){.system = asking->system, .profile = QV_PROFILE_SYSTEM};
    asking->caller =
        (struct qv_caller){.identity = &asking->identity, .system = qv_str_from(asking->system)};
    asking->object = (struct qv_object){.provider = qv_str_from(asking->system),
                                        .service = qv_str_from(asking->service)};
}

static double ns_since(struct qv_mono start, unsigned count)
{
    return (double)(qv_mono_now().us - start.us) * 1000.0 / count;
}

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench_decisions: %s\n", what);
    exit(2);
}

/* The best of the rounds: what else the machine does only adds. */
static double measure(const struct shape *shape, unsigned count, unsigned number)
{
    struct asking asking;
    struct qv_policy *policy = make_policy(shape, count);
    struct qv_rights *rights = NULL;
    double best = 1e12;
    make_asking(shape, number, &asking);
    must(qv_policy_rights(policy, &asking.caller, &rights) == QV_OK, "no rights");
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct qv_mono start = qv_mono_now();
        for (unsigned i = 0; i < DECISIONS; i++) {
            struct qv_permit permit;
            struct qv_grant grant;
            struct qv_decision decision;
            must(qv_policy_permit(rights, QV_OP_SERVICE_REGISTER, &permit, &decision, NULL) ==
                         QV_OK &&
                     qv_policy_grant(&permit, &asking.object, &grant, &decision, NULL) == QV_OK,
                 "denied what is allowed");
        }
        double ns = ns_since(start, DECISIONS);
        best = ns < best ? ns : best;
    }
    qv_rights_free(&rights);
    qv_policy_free(&policy);
    return best;
}

/* Rights of as many callers as are kept: unknown ones first, then the same again. */
static void measure_rights(const struct shape *shape, double *ret_unknown, double *ret_known)
{
    struct qv_policy *policy = make_policy(shape, MANY);
    double results[2];
    for (unsigned turn = 0; turn < 2; turn++) {
        struct qv_mono start = qv_mono_now();
        for (unsigned i = 0; i < CALLERS; i++) {
            struct asking asking;
            struct qv_rights *rights = NULL;
            make_asking(&(struct shape){.system = "system-%u", .service = "x"}, i, &asking);
            must(qv_policy_rights(policy, &asking.caller, &rights) == QV_OK, "no rights");
            qv_rights_free(&rights);
        }
        results[turn] = ns_since(start, CALLERS);
    }
    qv_policy_free(&policy);
    *ret_unknown = results[0];
    *ret_known = results[1];
}

/* ---- the table ---- */

int main(int argc, char **argv)
{
    bool check = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc > 1 && !check) {
        fprintf(stderr, "usage: bench_decisions [--check]\n");
        return 2;
    }
    bool missed = false;
    qv_memory_init();
    printf("| a decision among %d rules (permit and grant) | ns | among %d | ratio | goal |\n"
           "|---|---|---|---|---|\n",
           MANY, FEW);
    for (size_t i = 0; i < SHAPES; i++) {
        double many = measure(&shapes[i], MANY, MANY - 1), few = measure(&shapes[i], FEW, FEW - 1);
        bool reached = many < GOAL_NS;
        missed = missed || (!reached && !shapes[i].one_by_one);
        printf("| %s | %.0f | %.0f | %.1f | %s |\n", shapes[i].name, many, few, many / few,
               shapes[i].one_by_one ? "-"
               : reached            ? "< 5 us: reached"
                                    : "< 5 us: missed");
    }
    for (size_t i = 0; i < 2; i++) {
        double unknown, known;
        measure_rights(&shapes[i], &unknown, &known);
        printf("| rights of a caller, %s: the first time | %.0f | | | |\n"
               "| the same, kept | %.0f | | | |\n",
               shapes[i].name, unknown, known);
    }
    return check && missed ? 1 : 0;
}
