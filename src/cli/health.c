/*
 * `quiver health --config FILE`: asks the running Quiver over its control socket how it is. For
 * people, for a container's health check, and for scripts: the exit status is the answer. What
 * cannot be asked, or has nothing to serve yet, is down. Main thread.
 */
#include "control_client.h"
#include "options.h"

#include <quiver/cli/commands.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: quiver health --config FILE [--json]\n\n"
    "Asks the Quiver that runs with this configuration how it is, over its control socket, and\n"
    "prints one word, ready, degraded, loading or down, and why, a reason a line. Degraded means\n"
    "that lookups are answered, and that something else is not as it should be.\n\n"
    "options:\n"
    "  -c, --config FILE   the configuration that it was started with\n"
    "      --json          print the answer as one line of JSON\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 ready; 1 degraded; 2 loading, down or not reachable, and wrong usage\n";

/* A reload that is under way keeps the one thread that answers, mostly for less; a container's
   health check that is given five seconds still hears why. */
enum { PATIENCE_MS = 4 * 1000 };
enum { DOWN = 2 };

static const struct {
    const char *word;
    int exit_status;
} states[] = {{"ready", 0}, {"degraded", 1}, {"loading", DOWN}};
enum { STATES = sizeof(states) / sizeof(states[0]) };

/* What the word means; -1: it is none of ours. */
static int exit_status_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < STATES; i++)
        if (strcmp(word, states[i].word) == 0)
            return states[i].exit_status;
    return -1;
}

static bool are_texts(const json_t *list)
{
    bool texts = json_is_array(list);
    for (size_t i = 0; texts && i < json_array_size(list); i++)
        texts = json_is_string(json_array_get(list, i));
    return texts;
}

static void tell(const json_t *answer)
{
    const json_t *reasons = json_object_get(answer, "reasons");
    printf("%s\n", json_string_value(json_object_get(answer, "status")));
    for (size_t i = 0; i < json_array_size(reasons); i++)
        printf("%s\n", json_string_value(json_array_get(reasons, i)));
}

static enum qv_status ask(const struct options *options, int *ret_exit_status,
                          struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_json) json_t *answer = NULL;
    QV_TRY(control_ask(options->config, "health", PATIENCE_MS, &text, &answer, error));
    int exit_status = exit_status_of(json_string_value(json_object_get(answer, "status")));
    if (exit_status < 0 || !are_texts(json_object_get(answer, "reasons")))
        return qv_error_set(error, QV_FOREIGN,
                            "the answer is not understood: is it another version that runs?");
    if (options->json)
        printf("%s\n", text.at);
    else
        tell(answer);
    *ret_exit_status = exit_status;
    return QV_OK;
}

/* Nobody answers: then we do. */
static void tell_down(const struct options *options, const char *reason)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    if (!options->json) {
        printf("down\n%s\n", reason);
        return;
    }
    qv_buf_put_text(&text, "{\"status\":\"down\",\"reasons\":[");
    qv_json_write_str(&text, qv_str_from(reason));
    qv_buf_put_text(&text, "]}");
    if (qv_buf_status(&text) == QV_OK)
        printf("%s\n", text.at);
}

int qv_cli_health(int argc, char **argv)
{
    static const struct options_wanted wanted = {.help = help, .config = true, .json = true};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct options options;
    int exit_status = DOWN;
    switch (options_read(argc, argv, &wanted, &options)) {
    case OPTIONS_HELPED: return 0;
    case OPTIONS_WRONG: return 2;
    case OPTIONS_GO: break;
    }
    if (ask(&options, &exit_status, &error) != QV_OK)
        tell_down(&options, qv_error_message(&error));
    return exit_status;
}
