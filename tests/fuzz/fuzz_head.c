// links: server
/*
 * Any bytes as the head of a request: never a read beyond the input, and where a head is accepted
 * a second, simpler count agrees that nothing in it is there twice.
 */
#include "../../src/server/head.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of the head that begin with the name, in any case, and a colon. */
static unsigned count_lines(const char *head, const char *name)
{
    unsigned count = 0;
    size_t length = strlen(name);
    for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line, '\n')) {
        line++;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            count++;
    }
    return count;
}

/* The head as text of its own: up to the empty line, without the one before the request. */
static char *copy_head(const char *data, size_t size)
{
    char *head = calloc(1, size + 1);
    if (head == NULL)
        return NULL;
    size_t from = size > 0 && data[0] == '\n' ? 1 : size > 1 && data[0] == '\r' ? 2 : 0;
    size_t length = 0;
    for (size_t i = from; i < size; i++) {
        bool at_start = i == from || data[i - 1] == '\n';
        bool empty = data[i] == '\n' || (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n');
        if (at_start && empty)
            break;
        head[length++] = data[i] != '\0' ? data[i] : '0';
    }
    return head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str input = {(const char *)data, size};
    char *head = copy_head(input.at, size);
    for (int http_1_0 = 0; head != NULL && http_1_0 < 2; http_1_0++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_head told = {0};
        enum qv_status status = qv_head_check(input, http_1_0 != 0, &told, &error);
        if (status != QV_OK && (status != QV_INVALID || error.message == NULL))
            abort();
        if (status == QV_OK &&
            (count_lines(head, "host") > 1 || (http_1_0 == 0 && count_lines(head, "host") == 0) ||
             count_lines(head, "content-length") + count_lines(head, "transfer-encoding") > 1))
            abort();
    }
    free(head);
    return 0;
}
