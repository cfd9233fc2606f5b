/* Large pages for the heap. Main thread, before anything else. */
#ifndef QUIVER_CLI_LARGE_PAGES_H
#define QUIVER_CLI_LARGE_PAGES_H

/**
 * Starts the program again, once, with the C library told to ask for large pages; returns where
 * that has been done, where the operator has a GLIBC_TUNABLES of their own, or where it cannot be.
 * `argv` is the program's own, with its name.
 */
void large_pages_want(char **argv);

#endif
