/*
 * Large pages for the heap: a view of a million instances lies all over it, and with pages of 4 KiB
 * nearly each entity that a lookup touches costs a walk through the page tables (measured: see
 * docs/performance.md). glibc asks the kernel for large pages only if GLIBC_TUNABLES says so when
 * the program starts (glibc 2.35, "malloc.hugetlb"); so the program starts itself again with it.
 */
#include "large_pages.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char variable[] = "GLIBC_TUNABLES";
static const char wanted[] = "glibc.malloc.hugetlb=1";

void large_pages_want(char **argv)
{
    const char *present = getenv(variable);
    if (present != NULL) {
        if (strcmp(present, wanted) == 0)
            unsetenv(variable); /* it has had its effect; Redis is not to inherit it */
        return;
    }
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length <= 0 || setenv(variable, wanted, 1) != 0)
        return;
    program[length] = '\0';
    execv(program, argv);
    unsetenv(variable); /* it could not be started again: then with the pages that there are */
}
