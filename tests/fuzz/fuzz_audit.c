// links: observe
/*
 * Any bytes as a file of the audit trail: it is checked, or refused with words; and where the check
 * says that it holds, whoever goes on with it finds the same end.
 */
#include "../../src/observe/audit_tail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_end(int file, const struct qv_audit_summary *found)
{
    struct qv_audit_chain chain;
    bool line_open;
    MUST(qv_audit_tail_read(file, "trail", &chain, &line_open, NULL) == QV_OK);
    MUST(strcmp(chain.hash, found->last) == 0);
    MUST(chain.seq == found->last_seq && chain.torn == found->ends_torn);
    MUST(found->lines == 0 || found->last_seq == found->first_seq + found->lines - 1);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const size_t end_read = (size_t)256 * 1024;
    char path[32];
    char *files[] = {path};
    int file = memfd_create("trail", MFD_CLOEXEC);
    MUST(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_audit_verify(files, 1, NULL, &found, &error);
    MUST(status == QV_OK || (status == QV_INVALID && error.message != NULL));
    if (status == QV_OK && size <= end_read)
        check_end(file, &found);
    close(file);
    return 0;
}
