/*
 * The memory of CRLs. It says what was in force, never what is: nothing in it revokes anybody.
 * Those in force stand first in it, then those that no longer are, the latest first, so that the
 * ones that fall off its end matter least. Whoever removes the file has it forget, at once: that is
 * how an operator goes back to an older CRL on purpose. One thread.
 */
#include "crl_memory.h"

#include "faults.h"
#include "replace.h"

#include <errno.h>
#include <quiver/base/file.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 * 1024 * 1024)

struct qv_crl_memory {
    char *path;
    struct qv_crl_seen_list seen;
    struct qv_buf stored; /* what the file holds; empty: there was none */
};

void qv_crl_memory_free(struct qv_crl_memory **memory)
{
    struct qv_crl_memory *old = *memory;
    if (old == NULL)
        return;
    *memory = NULL;
    qv_crl_seen_list_free(&old->seen);
    qv_buf_free(&old->stored);
    qv_free(old->path);
    qv_free(old);
}

static enum qv_status read_file(struct qv_crl_memory *memory, struct qv_error *error)
{
    enum qv_status status = qv_file_read(memory->path, FILE_MAX, &memory->stored, error);
    if (status == QV_NOT_FOUND) {
        qv_error_free(error);
        return QV_OK;
    }
    if (status == QV_OK) {
        status = qv_crl_seen_parse(qv_buf_str(&memory->stored), &memory->seen, error);
        if (status == QV_INVALID)
            (void)qv_error_prefix(error,
                                  "%s: damaged; restore it from a backup, or remove it: then "
                                  "older CRLs are taken again",
                                  memory->path);
    }
    return status == QV_OK || status == QV_NO_MEMORY ? status : QV_INVALID;
}

enum qv_status qv_crl_memory_open(const char *path, struct qv_crl_memory **ret_memory,
                                  struct qv_error *error)
{
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = qv_alloc(sizeof(*memory));
    if (memory == NULL || (memory->path = qv_strdup(path)) == NULL)
        return qv_error_set(error, QV_NO_MEMORY, "%s: out of memory", path);
    QV_CLEANUP(qv_error) struct qv_error why = {0};
    enum qv_status status = read_file(memory, &why);
    if (status != QV_OK)
        return qv_error_set(error, status, "%s", qv_error_message(&why));
    *ret_memory = memory;
    memory = NULL;
    return QV_OK;
}

/** Did somebody remove the file? */
static bool is_forgotten(const struct qv_crl_memory *memory)
{
    return memory->stored.length > 0 && access(memory->path, F_OK) != 0 && errno == ENOENT;
}

static const struct qv_crl_seen *find(const struct qv_crl_seen_list *list,
                                      const struct qv_crl_stamp *stamp)
{
    const struct qv_crl_seen *found = NULL;
    for (size_t i = 0; i < list->count; i++)
        if (qv_crl_stamp_alike(&list->at[i].stamp, stamp) &&
            (found == NULL || qv_crl_stamp_compare(&found->stamp, &list->at[i].stamp) < 0))
            found = &list->at[i];
    return found;
}

enum qv_status qv_crl_memory_check(const struct qv_crl_memory *memory, const struct qv_crl *crl,
                                   struct qv_strings *faults)
{
    const struct qv_crl_seen *seen = memory != NULL ? find(&memory->seen, &crl->stamp) : NULL;
    if (seen == NULL || qv_crl_stamp_compare(&crl->stamp, &seen->stamp) >= 0 ||
        is_forgotten(memory))
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf has = {0}, had = {0};
    qv_crl_stamp_write(&crl->stamp, &has);
    qv_crl_stamp_write(&seen->stamp, &had);
    QV_TRY(qv_buf_status(&has));
    QV_TRY(qv_buf_status(&had));
    return qv_fault(faults,
                    "%s: the CRL of %s is older (%s) than the one that was in force (%s); put the "
                    "newest one there, or, if an older one is really meant, remove %s",
                    crl->file, crl->issuer, has.at, had.at, memory->path);
}

static void add(struct qv_crl_seen_list *list, const struct qv_crl_seen *seen)
{
    if (list->count < QV_CRL_SEEN_MAX)
        list->at[list->count++] = *seen;
}

/** What is in force now, each at its newest, and behind it what was before. */
static enum qv_status merge(const struct qv_crl_seen_list *old, const struct qv_crls *crls,
                            struct qv_crl_seen_list *ret_list)
{
    struct qv_crl_seen_list list = {.at = qv_alloc_array(QV_CRL_SEEN_MAX, sizeof(*list.at))};
    if (list.at == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; crls != NULL && i < crls->count; i++) {
        struct qv_crl_seen now = {.stamp = crls->at[i].stamp};
        memcpy(now.issuer, crls->at[i].issuer, sizeof(now.issuer));
        const struct qv_crl_seen *before = find(old, &now.stamp);
        bool older = before != NULL && qv_crl_stamp_compare(&now.stamp, &before->stamp) < 0;
        add(&list, older ? before : &now);
    }
    if (list.count == QV_CRL_SEEN_MAX)
        qv_log(QV_LOG_WARNING, "more CRLs than can be remembered; an older one may pass for new",
               QV_LOG_INT("remembered", QV_CRL_SEEN_MAX));
    for (size_t i = 0; i < old->count; i++)
        if (find(&list, &old->at[i].stamp) == NULL)
            add(&list, &old->at[i]);
    *ret_list = list;
    return QV_OK;
}

enum qv_status qv_crl_memory_note(struct qv_crl_memory *memory, const struct qv_crls *crls,
                                  struct qv_error *error)
{
    static const struct qv_crl_seen_list nothing;
    bool forgotten = is_forgotten(memory);
    QV_CLEANUP(qv_crl_seen_list) struct qv_crl_seen_list list = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    if (merge(forgotten ? &nothing : &memory->seen, crls, &list) != QV_OK)
        return qv_error_set(error, QV_NO_MEMORY, "%s: out of memory", memory->path);
    if (list.count > 0 || memory->stored.length > 0)
        qv_crl_seen_write(&list, &text);
    if (qv_buf_status(&text) != QV_OK)
        return qv_error_set(error, QV_NO_MEMORY, "%s: out of memory", memory->path);
    struct qv_crl_seen_list before = memory->seen;
    memory->seen = list;
    list = before; /* freed */
    if (!forgotten && qv_str_equal(qv_buf_str(&text), qv_buf_str(&memory->stored)))
        return QV_OK;
    QV_TRY(qv_replace_file(memory->path, qv_buf_str(&text), error));
    struct qv_buf stored = memory->stored;
    memory->stored = text;
    text = stored; /* freed */
    return QV_OK;
}
