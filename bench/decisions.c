/*
 * What a decision of the policy costs: one among 1,000 rules, for several kinds of rules and of
 * questions, against the goal of 5 us, and against the same decision among 10 rules (the yardstick:
 * the same work, but for the number of rules). A decision is what a request asks: the permit for
 * the operation and the grant for its object, with rights that are held; beside it what looking the
 * rights up costs, known and unknown callers. The question is asked over and over, so that all it
 * needs is in the caches, and is about the last of the rules. Prints a table, or for bench/run with
 * --json its figures; --check makes a missed goal exit status 1. One thread.
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

/* How the rules are, and what is asked: %u is a number, of the rule or of the question. */
static const struct shape {
    const char *name, *rule;
    const char *system;                                            /* who asks */
    const char *service, *provider, *version, *interface, *policy; /* about what; NULL: own, none */
    const char *group; /* of the file's `groups`, one for each rule; NULL: none */
    bool metadata;     /* the object has {n: number} */
    bool refused;      /* the answer: no rule allows it */
    bool one_by_one;   /* no name tells these rules apart: beyond the goal, and said so */
} shapes[] = {
    {"each rule about another system", "who: {systems: system-%u}, allow: service.register",
     .system = "system-%u", .service = "info"},
    {"each about systems with a `*` inside",
     "who: {systems: 'sys*-of-%u-*'}, allow: service.register", .system = "system-of-%u-x",
     .service = "info"},
    {"all fit, each about another service",
     "who: {systems: '*'}, allow: service.register, on: {services: service-%u}",
     .system = "system-1", .service = "service-%u"},
    {"all fit, each about services by prefix",
     "who: {systems: '*'}, allow: service.register, on: {services: service-%u-*}",
     .system = "system-1", .service = "service-%u-x"},
    {"all fit, each about services with a `*` inside",
     "who: {systems: '*'}, allow: service.register, on: {services: '*-of-%u-*'}",
     .system = "system-1", .service = "service-of-%u-x"},
    {"the same, about a service that none of them is about, refused",
     "who: {systems: '*'}, allow: service.register, on: {services: '*-of-%u-*'}",
     .system = "system-1", .service = "temperature-of-the-greenhouse", .provider = "other",
     .refused = true},
    {"the same, the service's name made of pieces of theirs, refused",
     "who: {systems: '*'}, allow: service.register, on: {services: '*-of-%u-*'}",
     .system = "system-1",
     .service = "100-211-322-433-544-655-766-877-988-999-123-234-345-456-567-678",
     .provider = "other", .refused = true},
    {"all fit, each about another provider",
     "who: {systems: '*'}, allow: service.register, on: {provider: system-%u}",
     .system = "system-%u", .service = "info"},
    {"all fit, each about providers with `*` and `?` inside",
     "who: {systems: '*'}, allow: service.register, on: {provider: 's?stem-%u-*-x'}",
     .system = "system-%u-of-x", .service = "info"},
    {"all fit, each about another group of providers",
     "who: {systems: '*'}, allow: service.register, on: {provider: '@g%u'}",
     .system = "system-%u-x", .service = "info",
     .group = "g%u: [system-%u-*, sensor-%u, '*valve-%u?x']"},
    {"all fit and are about one service, each of another provider",
     "who: {systems: '*'}, allow: service.register, on: {services: info, provider: system-%u}",
     .system = "system-%u", .service = "info"},
    {"all fit, each about `self` alone",
     "who: {systems: '*'}, allow: service.register, on: {provider: self}", .system = "system-1",
     .service = "info"},
    {"the same, about another's, refused",
     "who: {systems: '*'}, allow: service.register, on: {provider: self}", .system = "system-1",
     .service = "info", .provider = "other", .refused = true},
    {"all fit, each about `self` and another service",
     "who: {systems: '*'}, allow: service.register, on: {provider: self, services: service-%u}",
     .system = "system-1", .service = "service-%u"},
    {"all fit, each about another interface",
     "who: {systems: '*'}, allow: service.register, on: {interfaces: generic-%u}",
     .system = "system-1", .service = "info", .interface = "generic-%u"},
    {"all fit, each about another security policy",
     "who: {systems: '*'}, allow: service.register, on: {policies: AUTH_%u}", .system = "system-1",
     .service = "info", .policy = "AUTH_%u"},
    {"all fit, each about another version",
     "who: {systems: '*'}, allow: service.register, on: {versions: 1.%u.0}", .system = "system-1",
     .service = "info", .version = "1.%u.0"},
    {"each denies another system all but one service",
     "who: {systems: system-%u}, deny: service.register, unless: {services: service-%u}",
     .system = "system-%u", .service = "service-%u"},
    {"all fit, about services, no three bytes known: one by one",
     "who: {systems: '*'}, allow: service.register, on: {services: '*-?'}", .system = "system-1",
     .service = "service-of-%u-xy", .one_by_one = true},
    {"all fit, each about metadata alone: one by one",
     "who: {systems: '*'}, allow: service.register, on: {metadata: {n: %u}}", .system = "system-1",
     .service = "info", .metadata = true, .one_by_one = true},
    {"all fit, each about `self` and metadata: one by one for the owner",
     "who: {systems: '*'}, allow: service.register, on: {provider: self, metadata: {n: %u}}",
     .system = "system-1", .service = "info", .metadata = true, .one_by_one = true},
    {"all fit, each denies unless that service is registered, lifted: one by one",
     "who: {systems: '*'}, deny: service.register, unless: {services: info}", .system = "system-1",
     .service = "info", .one_by_one = true},
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
    qv_buf_put_text(&text, "version: 1\n");
    if (shape->group != NULL)
        qv_buf_put_text(&text, "groups:\n");
    for (unsigned i = 0; shape->group != NULL && i < count; i++) {
        qv_buf_put_text(&text, "  ");
        put_numbered(&text, shape->group, i);
        qv_buf_put_char(&text, '\n');
    }
    qv_buf_put_text(&text, "rules:\n");
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
    char system[64], service[64], provider[64], version[64], interface[64], policy[64];
    struct qv_identity identity;
    struct qv_caller caller;
    struct qv_str interfaces, policies;
    json_t *metadata; /* owned */
    struct qv_object object;
};

/* Empty where there is no form. */
static struct qv_str write_name(const char *form, unsigned number, char name[64])
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    put_numbered(&buf, form != NULL ? form : "", number);
    snprintf(name, 64, "%s", buf.at != NULL ? buf.at : "");
    return qv_str_from(name);
}

static void make_asking(const struct shape *shape, unsigned number, struct asking *asking)
{
    *asking = (struct asking){.identity = {.profile = QV_PROFILE_SYSTEM}};
    struct qv_str system = write_name(shape->system, number, asking->system);
    asking->identity.system = asking->system;
    asking->caller = (struct qv_caller){.identity = &asking->identity, .system = system};
    asking->interfaces = write_name(shape->interface, number, asking->interface);
    asking->policies = write_name(shape->policy, number, asking->policy);
    if (shape->metadata)
        asking->metadata = json_pack("{s:i}", "n", (int)number);
    const char *provider = shape->provider != NULL ? shape->provider : shape->system;
    asking->object = (struct qv_object){
        .provider = write_name(provider, number, asking->provider),
        .service = write_name(shape->service, number, asking->service),
        .version = write_name(shape->version, number, asking->version),
        .interfaces = &asking->interfaces,
        .interface_count = shape->interface != NULL,
        .policies = &asking->policies,
        .policy_count = shape->policy != NULL,
        .metadata = asking->metadata,
    };
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

/* As a request does; is it allowed? */
static bool decide(const struct qv_rights *rights, const struct qv_object *object)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_permit permit;
    struct qv_grant grant;
    struct qv_decision decision;
    return qv_policy_permit(rights, QV_OP_SERVICE_REGISTER, &permit, &decision, &error) == QV_OK &&
           qv_policy_grant(&permit, object, &grant, &decision, &error) == QV_OK;
}

/* The best of the rounds: what else the machine does only adds. */
static double measure(const struct shape *shape, unsigned count, unsigned number)
{
    struct asking asking;
    struct qv_policy *policy = make_policy(shape, count);
    struct qv_rights *rights = NULL;
    double best = 1e12;
    unsigned decisions = shape->one_by_one ? DECISIONS / 20 : DECISIONS;
    make_asking(shape, number, &asking);
    must(qv_policy_rights(policy, &asking.caller, &rights) == QV_OK, "no rights");
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct qv_mono start = qv_mono_now();
        for (unsigned i = 0; i < decisions; i++)
            must(decide(rights, &asking.object) != shape->refused, "the answer is wrong");
        double ns = ns_since(start, decisions);
        best = ns < best ? ns : best;
    }
    json_decref(asking.metadata);
    qv_rights_free(&rights);
    qv_policy_free(&policy);
    return best;
}

/* Rights of as many callers as are kept: unknown ones first, then the same again. */
static void measure_rights(const struct shape *shape, double *ret_unknown, double *ret_known)
{
    struct qv_policy *policy = make_policy(shape, MANY);
    const char *form = strchr(shape->system, '%') != NULL ? shape->system : "system-%u";
    double results[2];
    for (unsigned turn = 0; turn < 2; turn++) {
        struct qv_mono start = qv_mono_now();
        for (unsigned i = 0; i < CALLERS; i++) {
            struct asking asking;
            struct qv_rights *rights = NULL;
            make_asking(&(struct shape){.system = form}, i, &asking);
            must(qv_policy_rights(policy, &asking.caller, &rights) == QV_OK, "no rights");
            qv_rights_free(&rights);
        }
        results[turn] = ns_since(start, CALLERS);
    }
    qv_policy_free(&policy);
    *ret_unknown = results[0];
    *ret_known = results[1];
}

/* ---- what is told ---- */

struct figure {
    const char *name;
    double many, few;
    bool has_goal;
};

static void write_table(const struct figure *figures)
{
    printf("| a decision among %d rules | ns | among %d | ratio | goal |\n|---|---|---|---|---|\n",
           MANY, FEW);
    for (size_t i = 0; i < SHAPES; i++) {
        const struct figure *figure = &figures[i];
        printf("| %s | %.0f | %.0f | %.1f | %s |\n", figure->name, figure->many, figure->few,
               figure->many / figure->few,
               !figure->has_goal        ? "-"
               : figure->many < GOAL_NS ? "< 5 us: reached"
                                        : "< 5 us: MISSED");
    }
}

static void write_json(const struct figure *figures)
{
    printf("{\"rules\": %d, \"few_rules\": %d, \"goal_ns\": %.0f, \"decisions\": [", MANY, FEW,
           GOAL_NS);
    for (size_t i = 0; i < SHAPES; i++)
        printf("%s\n  {\"name\": \"%s\", \"ns\": %.1f, \"few_ns\": %.1f, \"has_goal\": %s}",
               i > 0 ? "," : "", figures[i].name, figures[i].many, figures[i].few,
               figures[i].has_goal ? "true" : "false");
    printf("],\n \"rights\": [");
}

static void write_rights(bool json)
{
    enum { WHO_SHAPES = 3 }; /* the first ones */
    for (size_t i = 0; i < WHO_SHAPES; i++) {
        double unknown, known;
        measure_rights(&shapes[i], &unknown, &known);
        printf(json ? "%s\n  {\"name\": \"%s\", \"first_ns\": %.1f, \"kept_ns\": %.1f}"
                    : "%s| rights of a caller, %s: the first time | %.0f | kept: %.0f | | |\n",
               json && i > 0 ? "," : "", shapes[i].name, unknown, known);
    }
}

int main(int argc, char **argv)
{
    bool check = argc == 2 && strcmp(argv[1], "--check") == 0;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !check && !json) {
        fprintf(stderr, "usage: bench_decisions [--check | --json]\n");
        return 2;
    }
    bool missed = false;
    struct figure figures[SHAPES];
    qv_memory_init();
    for (size_t i = 0; i < SHAPES; i++) {
        figures[i] = (struct figure){.name = shapes[i].name,
                                     .many = measure(&shapes[i], MANY, MANY - 1),
                                     .few = measure(&shapes[i], FEW, FEW - 1),
                                     .has_goal = !shapes[i].one_by_one};
        missed = missed || (figures[i].has_goal && figures[i].many >= GOAL_NS);
    }
    (json ? write_json : write_table)(figures);
    write_rights(json);
    if (json)
        printf("]}\n");
    return check && missed ? 1 : 0;
}
