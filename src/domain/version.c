/*
 * Versions of services and systems (spec/arrowhead-discovery 3.5). Splitting is the reference's:
 * empty parts at the end do not count, so that "1." is one part and ".." none. Pure; any thread.
 */
#include "dialect.h"
#include "text.h"

#define SEPARATOR  '.'
#define PARTS      3
#define MAX_LENGTH 14

/* The text without the separators at its end, and how many parts are left. */
static size_t count_parts(struct qv_str version, struct qv_str *ret_kept)
{
    while (version.length > 0 && version.at[version.length - 1] == SEPARATOR)
        version.length--;
    *ret_kept = version;
    if (version.length == 0)
        return 0;
    size_t parts = 0;
    struct qv_str part;
    while (qv_str_split_next(&version, SEPARATOR, &part))
        parts++;
    return parts;
}

void qv_version_normalize(struct qv_str raw, struct qv_buf *buf)
{
    if (qv_str_is_blank(raw)) {
        qv_buf_put_text(buf, "1.0.0");
        return;
    }
    struct qv_str version = qv_str_trim(raw);
    struct qv_str kept;
    size_t parts = count_parts(version, &kept);
    if (parts == 0 || parts >= PARTS) {
        qv_buf_put(buf, version);
        return;
    }
    qv_buf_put(buf, kept);
    for (; parts < PARTS; parts++)
        qv_buf_put_text(buf, ".0");
}

static size_t count_separators(struct qv_str version)
{
    size_t count = 0;
    for (size_t i = 0; i < version.length; i++)
        count += version.at[i] == SEPARATOR;
    return count;
}

/* What is wrong with the version, or NULL. */
static const char *fault_of(const struct qv_dialect *dialect, struct qv_str version)
{
    if (qv_text_exceeds(version, MAX_LENGTH))
        return dialect->words->version_too_long;
    if (count_separators(version) != PARTS - 1)
        return "version must contain exactly 2 separator . characters";
    struct qv_str kept;
    if (count_parts(version, &kept) != PARTS)
        return "version must contain exactly 3 numbers";
    struct qv_str part;
    uint64_t ignored;
    while (qv_str_split_next(&kept, SEPARATOR, &part)) {
        if (qv_str_to_uint(part, UINT64_MAX, &ignored) != QV_OK)
            return dialect->words->version_not_numbers;
    }
    return NULL;
}

enum qv_status qv_version_check(const struct qv_dialect *dialect, struct qv_str version,
                                struct qv_error *error)
{
    const char *fault = fault_of(dialect, version);
    if (fault == NULL)
        return QV_OK;
    return qv_error_set(error, QV_INVALID, "Version verification failure: %s", fault);
}
