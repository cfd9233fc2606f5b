// links: server
/*
 * Any bytes as a request target and as the last part of a path: what comes out lies in the input,
 * and a decoded parameter holds nothing that a later reader could take for structure.
 */
#include "../../src/server/path.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_target(struct qv_str raw)
{
    struct qv_target target = {0};
    if (qv_target_read(raw, &target, NULL) != QV_OK)
        return;
    if (target.path.length == 0 || target.path.at[0] != '/')
        abort();
    if (qv_str_find(target.path, '?') != SIZE_MAX)
        abort();
    if (target.query.length > 0 && target.query.at + target.query.length != raw.at + raw.length)
        abort();
}

static void decode_part(struct qv_str part)
{
    char *room = malloc(part.length + 1);
    struct qv_str decoded = {0};
    if (room == NULL)
        return;
    if (qv_path_decode(part, room, &decoded, NULL) == QV_OK) {
        if (decoded.length > part.length || !qv_str_is_utf8(decoded))
            abort();
        for (size_t i = 0; i < decoded.length; i++) {
            if (memchr("/\\;", decoded.at[i], 4) != NULL) /* with the NUL */
                abort();
        }
    }
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str input = {(const char *)data, size};
    read_target(input);
    decode_part(input);
    return 0;
}
