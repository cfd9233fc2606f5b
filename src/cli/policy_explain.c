/*
 * `quiver policy explain`: a question from the options, or many as JSON lines, with the verdict,
 * the rule that decides, and why each other rule does not. Answers go to standard output. Main
 * thread.
 */
#include "options.h"
#include "policy_question.h"

#include <getopt.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: quiver policy explain --config FILE --system NAME --operation OPERATION [option]...\n"
    "       quiver policy explain --config FILE --questions FILE\n\n"
    "Prints whether it is allowed, by which rule, and why each other rule does not decide.\n\n"
    "options:\n"
    "  -c, --config FILE         the configuration; it names the policy\n"
    "      --json                one JSON object instead of text; with --questions: the rules, "
    "too\n"
    "      --questions FILE      questions as JSON lines (-: standard input), with members named "
    "as\n"
    "                            the options below; one JSON line is the answer to each\n";
static const char usage_end[] =
    "  -h, --help                this text\n\n"
    "exit status: 0 allowed (with --questions: all were answered), 1 denied, 2 wrong usage or a\n"
    "question that is none\n";

static void print_help(void)
{
    fputs(usage, stdout);
    for (size_t i = 0; i < QUESTION_KEYS; i++) {
        char option[40];
        const char *about = strstr(question_keys[i].about, "  ");
        snprintf(option, sizeof(option), "%s %.*s", question_keys[i].name,
                 (int)(about - question_keys[i].about), question_keys[i].about);
        for (char *at = option; *at != '\0' && *at != ' '; at++)
            *at = *at == '_' ? '-' : *at;
        printf("      --%-20s%s\n", option, about + 2);
    }
    fputs(usage_end, stdout);
}

/* ---- options ---- */

struct asked {
    const char *config, *questions;
    bool json, helped;
    json_t *question; /* owned */
};

enum { OPTION_CONFIG = 1000, OPTION_JSON, OPTION_QUESTIONS, OPTION_HELP };

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "quiver policy explain: %s%s; quiver policy explain --help tells more\n", what,
            about);
    return 2;
}

/* An option that says something of the question; false: told why not. */
static bool add_member(json_t *question, const struct question_key *key, const char *value)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    json_t *list = json_object_get(question, key->name), *made = NULL;
    switch (key->kind) {
    case QUESTION_TEXT: made = json_string(value); break;
    case QUESTION_FLAG: made = json_true(); break;
    case QUESTION_TEXTS:
        made = list != NULL ? json_incref(list) : json_array();
        if (json_array_append_new(made, json_string(value)) != 0)
            qv_json_free(&made);
        break;
    case QUESTION_JSON:
        if (qv_json_parse(qv_str_from(value), 100, &made, &error) == QV_OK)
            break;
        fprintf(stderr, "quiver policy explain: %s: %s\n", key->name, qv_error_message(&error));
        return false;
    }
    if (made != NULL && json_object_set_new(question, key->name, made) == 0)
        return true;
    fprintf(stderr, "quiver policy explain: --%s: no text\n", key->name);
    return false;
}

/* The options of the table: names with hyphens, owned by the caller's memory. */
static void make_options(char names[QUESTION_KEYS][32], struct option *options)
{
    static const struct option own[] = {{"config", required_argument, NULL, OPTION_CONFIG},
                                        {"json", no_argument, NULL, OPTION_JSON},
                                        {"questions", required_argument, NULL, OPTION_QUESTIONS},
                                        {"help", no_argument, NULL, OPTION_HELP},
                                        {NULL, 0, NULL, 0}};
    for (int i = 0; i < QUESTION_KEYS; i++) {
        snprintf(names[i], sizeof(names[i]), "%s", question_keys[i].name);
        for (char *at = names[i]; *at != '\0'; at++)
            *at = *at == '_' ? '-' : *at;
        options[i] = (struct option){
            .name = names[i],
            .has_arg = question_keys[i].kind == QUESTION_FLAG ? no_argument : required_argument,
            .val = i};
    }
    memcpy(options + QUESTION_KEYS, own, sizeof(own));
}

static int take_option(int option, char **argv, struct asked *asked)
{
    switch (option) {
    case 'c':
    case OPTION_CONFIG: asked->config = optarg; return 0;
    case OPTION_JSON: asked->json = true; return 0;
    case OPTION_QUESTIONS: asked->questions = optarg; return 0;
    case 'h':
    case OPTION_HELP: asked->helped = true; return 0;
    case ':': return complain("a value is missing after ", argv[optind - 1]);
    case '?': return complain("unknown option ", argv[optind - 1]);
    default: break;
    }
    return add_member(asked->question, &question_keys[option], optarg) ? 0 : 2;
}

static int read_options(int argc, char **argv, struct asked *asked)
{
    char names[QUESTION_KEYS][32];
    struct option options[QUESTION_KEYS + 5];
    int option, wrong = 0;
    make_options(names, options);
    optind = 1;
    opterr = 0;
    while (wrong == 0 && (option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1)
        wrong = take_option(option, argv, asked);
    if (wrong != 0 || asked->helped)
        return wrong;
    if (optind < argc)
        return complain("not expected: ", argv[optind]);
    if (asked->config == NULL)
        return complain("--config FILE is missing", "");
    if (asked->questions != NULL && json_object_size(asked->question) > 0)
        return complain("--questions FILE asks all that is asked, leave the other options out", "");
    return 0;
}

/* ---- answers ---- */

static void put_member(struct qv_buf *buf, bool *first, const char *key, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    qv_json_write_key(buf, first, key);
    qv_json_write_str(buf, qv_str_from(text));
}

static void put_rules(struct qv_buf *buf, const struct qv_explanation *explanation)
{
    for (size_t i = 0; i < explanation->rule_count; i++) {
        const struct qv_rule_report *rule = &explanation->rules[i];
        bool first = true;
        qv_buf_put_text(buf, i == 0 ? "{" : ",{");
        put_member(buf, &first, "name", rule->name);
        put_member(buf, &first, "effect", rule->effect);
        qv_buf_printf(buf, ",\"line\":%d,\"decides\":%s", rule->line,
                      rule->decides ? "true" : "false");
        put_member(buf, &first, "why", rule->why);
        qv_buf_put_char(buf, '}');
    }
}

static void put_answer(struct qv_buf *buf, const struct question *question,
                       const struct qv_explanation *explanation, bool rules)
{
    bool first = false;
    qv_buf_printf(buf, "{\"allowed\":%s", explanation->allowed ? "true" : "false");
    put_member(buf, &first, "operation", qv_operation_name(question->operation));
    put_member(buf, &first, "rule", explanation->rule);
    put_member(buf, &first, "file", explanation->file);
    if (explanation->line > 0)
        qv_buf_printf(buf, ",\"line\":%d", explanation->line);
    put_member(buf, &first, "message", explanation->words);
    if (rules) {
        qv_buf_put_text(buf, ",\"rules\":[");
        put_rules(buf, explanation);
        qv_buf_put_char(buf, ']');
    }
    qv_buf_put_text(buf, "}\n");
}

static void put_text_answer(struct qv_buf *buf, const struct qv_explanation *explanation)
{
    qv_buf_put_text(buf, explanation->allowed ? "allowed" : "denied");
    if (explanation->rule != NULL)
        qv_buf_printf(buf, " by rule '%s' (%s:%d)", explanation->rule, explanation->file,
                      explanation->line);
    else
        qv_buf_printf(buf, " (%s)", explanation->file);
    if (!explanation->allowed)
        qv_buf_printf(buf, ": %s", explanation->words);
    qv_buf_put_text(buf, "\n\n");
    for (size_t i = 0; i < explanation->rule_count; i++) {
        const struct qv_rule_report *rule = &explanation->rules[i];
        qv_buf_printf(buf, "%c line %-4d %-8s '%s': %s\n", rule->decides ? '*' : ' ', rule->line,
                      rule->effect, rule->name, rule->why);
    }
}

/* ---- one question, many questions ---- */

/* Prints the answer to one; QV_INVALID: it is none. */
static enum qv_status answer(const struct policy_context *context, const json_t *json,
                             const struct asked *asked, bool *ret_allowed, struct qv_error *error)
{
    QV_CLEANUP(question) struct question question = {0};
    QV_CLEANUP(qv_explanation) struct qv_explanation explanation = {0};
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    QV_TRY(question_read(context, json, &question, error));
    QV_TRY(question_explain(context, &question, &explanation));
    if (asked->json || asked->questions != NULL)
        put_answer(&buf, &question, &explanation, asked->json);
    else
        put_text_answer(&buf, &explanation);
    QV_TRY(qv_buf_status(&buf));
    fwrite(buf.at, 1, buf.length, stdout);
    *ret_allowed = explanation.allowed;
    return QV_OK;
}

static int answer_one(const struct policy_context *context, const struct asked *asked)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    bool allowed = false;
    enum qv_status status = answer(context, asked->question, asked, &allowed, &error);
    if (status == QV_INVALID)
        return complain(qv_error_message(&error), "");
    if (status != QV_OK) {
        fprintf(stderr, "quiver: %s\n", qv_status_name(status));
        return 2;
    }
    return allowed ? 0 : 1;
}

static bool answer_line(const struct policy_context *context, const struct asked *asked,
                        struct qv_str line)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_json) json_t *json = NULL;
    bool allowed;
    enum qv_status status = qv_json_parse(line, 100, &json, &error);
    if (status == QV_OK)
        status = answer(context, json, asked, &allowed, &error);
    if (status != QV_OK) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        error.status = status;
        qv_json_write_str(&buf, qv_str_from(qv_error_message(&error)));
        printf("{\"error\":%s}\n", buf.at != NULL ? buf.at : "\"\"");
    }
    fflush(stdout); /* whoever asks through a pipe may wait for it */
    return status == QV_OK;
}

static int answer_many(const struct policy_context *context, const struct asked *asked)
{
    bool from_input = strcmp(asked->questions, "-") == 0, all = true;
    FILE *file = from_input ? stdin : fopen(asked->questions, "re");
    if (file == NULL) {
        perror(asked->questions);
        return 2;
    }
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, file)) > 0) {
        struct qv_str text = qv_str_trim((struct qv_str){.at = line, .length = (size_t)length});
        if (text.length > 0 && !answer_line(context, asked, text))
            all = false;
    }
    free(line);
    if (!from_input)
        fclose(file);
    return all ? 0 : 2;
}

int policy_explain(int argc, char **argv)
{
    struct asked asked = {.question = json_object()};
    QV_CLEANUP(policy_context) struct policy_context context = {0};
    int status = read_options(argc, argv, &asked);
    if (status == 0 && asked.helped)
        print_help();
    else if (status == 0 && policy_context_open(asked.config, &context) != QV_OK)
        status = 2;
    else if (status == 0)
        status =
            asked.questions != NULL ? answer_many(&context, &asked) : answer_one(&context, &asked);
    qv_json_free(&asked.question);
    return status;
}
