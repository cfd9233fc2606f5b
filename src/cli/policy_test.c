/*
 * `quiver policy test FILE`: expectations in YAML against the policy, for an operator's own CI.
 * Each that is not met is shown with what was expected, what was decided, and why the expected rule
 * did not. Main thread.
 */
#include "options.h"
#include "policy_question.h"

#include <quiver/base/file.h>
#include <quiver/base/yaml.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: quiver policy test FILE --config FILE\n\n"
    "Asks the policy that the configuration names, and tells where it does not decide as the\n"
    "expectations in FILE say: a YAML list of mappings with\n"
    "  name        what is expected, in words\n"
    "  expect      allow or deny\n"
    "  rule        the rule that is to decide (may be left out)\n"
    "and the question, as the options of `quiver policy explain` (service_key for "
    "--service-key).\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration; it names the policy\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 all are met, 1 some are not, 2 wrong usage or a file with a fault\n";

enum { FILE_SIZE_MAX = 1024 * 1024 };

/* One expectation. */
struct expectation {
    struct qv_str name, expect, rule;
    json_t *question; /* owned */
    bool out_of_memory;
};

/* ---- reading ---- */

static void read_own(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    struct expectation *expectation = into;
    struct qv_str *members[] = {&expectation->name, &expectation->expect, &expectation->rule};
    (void)qv_yaml_text(at, members[key->which]);
}

static void set_member(struct expectation *expectation, const char *name, json_t *value)
{
    if (json_object_set_new(expectation->question, name, value) != 0)
        expectation->out_of_memory = true;
}

static void read_texts(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    json_t *list = json_array();
    size_t count = qv_yaml_count(at);
    for (size_t i = 0; i < count; i++) {
        struct qv_yaml_at item = qv_yaml_item(at, i);
        struct qv_str text;
        if (qv_yaml_text(&item, &text) &&
            json_array_append_new(list, json_stringn(text.at, text.length)) != 0)
            ((struct expectation *)into)->out_of_memory = true;
    }
    set_member(into, key->name, list);
}

static void read_member(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    struct qv_str text;
    bool flag;
    switch ((enum question_kind)key->which) {
    case QUESTION_TEXT:
        if (qv_yaml_text(at, &text))
            set_member(into, key->name, json_stringn(text.at, text.length));
        return;
    case QUESTION_FLAG:
        if (qv_yaml_flag(at, &flag))
            set_member(into, key->name, json_boolean(flag));
        return;
    case QUESTION_TEXTS: read_texts(at, key, into); return;
    case QUESTION_JSON: set_member(into, key->name, qv_yaml_json(at)); return;
    }
}

enum { OWN_KEYS = 3, KEYS = OWN_KEYS + QUESTION_KEYS };

static void make_keys(struct qv_yaml_key keys[KEYS])
{
    static const struct qv_yaml_key own[OWN_KEYS] = {
        {"name", .read = read_own, .which = 0, .required = true},
        {"expect", .read = read_own, .which = 1, .required = true},
        {"rule", .read = read_own, .which = 2},
    };
    memcpy(keys, own, sizeof(own));
    for (size_t i = 0; i < QUESTION_KEYS; i++)
        keys[OWN_KEYS + i] = (struct qv_yaml_key){question_keys[i].name, .read = read_member,
                                                  .which = question_keys[i].kind};
}

/* ---- judging ---- */

struct testing {
    const struct policy_context *context;
    struct qv_yaml_key keys[KEYS];
    size_t count, failed;
};

static void print_rule(const char *sign, const char *verdict, const char *rule)
{
    printf("%s %s", sign, verdict);
    if (rule != NULL && rule[0] != '\0')
        printf(" by '%s'", rule);
}

static void print_difference(const struct qv_yaml_at *at, const struct expectation *expectation,
                             const struct qv_explanation *found)
{
    char rule[128];
    snprintf(rule, sizeof(rule), "%.*s", QV_STR_ARG(expectation->rule));
    printf("FAIL %.*s (%s:%d)\n", QV_STR_ARG(expectation->name), at->yaml->path, at->line);
    print_rule("  - expected:",
               qv_str_equal(expectation->expect, QV_STR("allow")) ? "allow" : "deny", rule);
    printf("\n");
    print_rule("  + decided: ", found->allowed ? "allow" : "deny", found->rule);
    if (found->line > 0)
        printf(" (%s:%d)", found->file, found->line);
    printf("%s%s\n", found->words[0] != '\0' ? ": " : "", found->words);
    for (size_t i = 0; i < found->rule_count; i++)
        if (strcmp(found->rules[i].name, rule) == 0 && !found->rules[i].decides)
            printf("    '%s' (%s:%d): %s\n", rule, found->file, found->rules[i].line,
                   found->rules[i].why);
}

static bool is_met(const struct expectation *expectation, const struct qv_explanation *found)
{
    if (qv_str_equal(expectation->expect, QV_STR("allow")) != found->allowed)
        return false;
    return expectation->rule.length == 0 ||
           qv_str_equal(expectation->rule, qv_str_from(found->rule));
}

static enum qv_status judge(const struct qv_yaml_at *at, const struct expectation *expectation,
                            struct testing *testing)
{
    QV_CLEANUP(question) struct question question = {0};
    QV_CLEANUP(qv_explanation) struct qv_explanation found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status =
        question_read(testing->context, expectation->question, &question, &error);
    if (status == QV_INVALID)
        qv_yaml_fault(at, "%s", qv_error_message(&error));
    QV_TRY(status);
    QV_TRY(question_explain(testing->context, &question, &found));
    testing->count++;
    if (!is_met(expectation, &found)) {
        testing->failed++;
        print_difference(at, expectation, &found);
    }
    return QV_OK;
}

static void check_words(const struct qv_yaml_at *at, const struct expectation *expectation,
                        const struct policy_context *context)
{
    if (!qv_str_equal(expectation->expect, QV_STR("allow")) &&
        !qv_str_equal(expectation->expect, QV_STR("deny")))
        qv_yaml_fault(at, "expect: must be allow or deny");
    if (expectation->rule.length > 0 && !qv_policy_has_rule(context->policy, expectation->rule))
        qv_yaml_fault(at, "rule: \"%.*s\" is no rule of the policy",
                      QV_STR_ARG(qv_str_part(expectation->rule, 0, 100)));
}

static enum qv_status take(const struct qv_yaml_at *at, struct testing *testing)
{
    struct expectation expectation = {.question = json_object()};
    size_t before = at->yaml->found;
    qv_yaml_map(at, "an expectation", testing->keys, KEYS, &expectation);
    if (at->yaml->found == before)
        check_words(at, &expectation, testing->context);
    enum qv_status status = at->yaml->found == before ? QV_OK : QV_INVALID;
    if (expectation.out_of_memory && status == QV_OK)
        status = QV_NO_MEMORY;
    if (status == QV_OK)
        status = judge(at, &expectation, testing);
    qv_json_free(&expectation.question);
    return status;
}

/* Every expectation is looked at, also behind one with a fault. */
static enum qv_status take_all(const struct qv_yaml_at *root, struct testing *testing)
{
    if (!qv_yaml_is_list(root)) {
        qv_yaml_fault(root, "must be a list of expectations");
        return QV_INVALID;
    }
    size_t count = qv_yaml_count(root);
    for (size_t i = 0; i < count; i++) {
        char where[48];
        struct qv_yaml_at item = qv_yaml_item(root, i);
        snprintf(where, sizeof(where), "expectation[%zu]", i);
        item.where = where;
        enum qv_status status = take(&item, testing);
        if (status != QV_OK && status != QV_INVALID)
            return status;
    }
    return qv_yaml_status(root->yaml);
}

static enum qv_status test_file(const char *path, struct testing *testing,
                                struct qv_strings *faults)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_yaml) struct qv_yaml yaml = {.path = path, .faults = faults};
    struct qv_yaml_at root;
    if (qv_file_read(path, FILE_SIZE_MAX, &text, &error) != QV_OK) {
        QV_TRY(qv_strings_add(faults, qv_str_from(qv_error_message(&error))));
        return QV_INVALID;
    }
    QV_TRY(qv_yaml_read(&yaml, qv_buf_str(&text), &root));
    return take_all(&root, testing);
}

int policy_test(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .config = true, .operand = "FILE"};
    struct options options;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    QV_CLEANUP(policy_context) struct policy_context context = {0};
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct testing testing = {.context = &context};
    if (policy_context_open(options.config, &context) != QV_OK)
        return 2;
    make_keys(testing.keys);
    enum qv_status status = test_file(options.operand, &testing, &faults);
    options_print_faults(&faults);
    if (status != QV_OK && status != QV_INVALID)
        fprintf(stderr, "quiver: %s\n", qv_status_name(status));
    printf("%zu expectation%s, %zu failed\n", testing.count, testing.count == 1 ? "" : "s",
           testing.failed);
    if (status != QV_OK)
        return 2;
    return testing.failed > 0 ? 1 : 0;
}
