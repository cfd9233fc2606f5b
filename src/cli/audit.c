/*
 * `quiver audit verify FILE...`: is the audit trail as Quiver wrote it? Says what holds, what was
 * lost, and what no check of these files alone can tell. Writes to standard output; main thread.
 */
#include <getopt.h>
#include <quiver/cli/commands.h>
#include <quiver/observe/audit.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: quiver audit verify [--anchor HASH] FILE...\n\n"
    "Checks the chain of an audit trail: that no line was altered, removed, put in or moved. Name\n"
    "the files that rotation made of it first, the oldest first. /dev/stdin is one, too, for "
    "files\n"
    "that are compressed: zcat audit.log.2.gz | quiver audit verify /dev/stdin audit.log.1\n\n"
    "Lines that are missing at the end leave no trace in a chain, and who may write the files "
    "could\n"
    "make a whole new one. Against both note the last hash elsewhere (this command prints it; the\n"
    "log has it at each start, reload and end), and ask for it later by --anchor.\n\n"
    "options:\n"
    "      --anchor HASH   a line with this SHA-256 must be there\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 the chain holds; 1 it does not, or a file cannot be read; 2 wrong usage\n";

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "quiver audit: %s%s; quiver audit --help tells more\n", what, about);
    return 2;
}

static void print_begin(const struct qv_audit_summary *found)
{
    if (found->lines > 0)
        printf("%-8s seq %llu%s\n", "first", (unsigned long long)found->first_seq,
               found->begins ? ", where the trail begins"
                             : "; its link to the file before was not checked");
}

static void print_notes(const struct qv_audit_summary *found)
{
    for (size_t i = 0; i < found->notes.count; i++)
        printf("%-8s %s\n", "note", found->notes.at[i]);
    if (found->torn > 0)
        printf("%-8s %zu, each told by the line behind it\n", "torn", found->torn);
    if (found->ends_torn)
        printf("%-8s the last line is not whole: it is being written now, or Quiver was stopped "
               "in the middle of it\n",
               "torn");
    if (found->lost > 0)
        printf("%-8s %llu could not be written; the trail says where\n", "lost",
               (unsigned long long)found->lost);
}

static int verify(char **files, size_t count, const char *anchor)
{
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_audit_verify(files, count, anchor, &found, &error) != QV_OK) {
        fprintf(stderr, "%s\n", qv_error_message(&error));
        return 1;
    }
    printf("%-8s %zu in %zu file%s: the chain holds\n", "lines", found.lines, count,
           count == 1 ? "" : "s");
    print_begin(&found);
    print_notes(&found);
    if (found.lines > 0)
        printf("%-8s seq %llu\n", "last", (unsigned long long)found.last_seq);
    printf("%-8s %s\n", "sha256", found.last);
    return 0;
}

static bool is_hash(const char *text)
{
    return strlen(text) == QV_AUDIT_HASH_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == QV_AUDIT_HASH_SIZE - 1;
}

int qv_cli_audit(int argc, char **argv)
{
    static const struct option known[] = {
        {"anchor", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *anchor = NULL;
    int option;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option != 'a')
            return complain(option == ':' ? "a value is missing after " : "unknown option ",
                            argv[optind - 1]);
        anchor = optarg;
    }
    if (optind >= argc || strcmp(argv[optind], "verify") != 0)
        return complain("what to do is missing: ", "verify");
    if (optind + 1 >= argc)
        return complain("FILE... is missing", "");
    if (anchor != NULL && !is_hash(anchor))
        return complain("--anchor takes 64 lower-case hexadecimal digits, not ", anchor);
    return verify(argv + optind + 1, (size_t)(argc - optind - 1), anchor);
}
