/*
 * The load generator's command line and request file. Everything is checked before anything is
 * sent: the address is a loopback one, the request is one HTTP request, numbers are in range.
 */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX (1024 * 1024)

static const char usage[] =
    "Usage: bench_load --port N --ca FILE --request FILE [options]\n"
    "Sends one request again and again over TLS on loopback; writes the result as JSON.\n"
    "  --address A         127.x.x.x or ::1 (default 127.0.0.1)\n"
    "  --port N            the server's port\n"
    "  --certificate FILE  PEM, the client's leaf first, then its chain; up to 128 times, each "
    "with\n"
    "                      its --key: the connections take them in turns; default: none\n"
    "  --key FILE          PEM, the leaf's private key\n"
    "  --ca FILE           PEM, the CA that the server's certificate must come from\n"
    "  --request FILE      the request as it is sent: head and body\n"
    "  --number FIRST      number the requests from FIRST: each " LOAD_MARKER " in the request\n"
    "                      becomes twelve digits\n"
    "  --range N           use N different numbers, then begin again (default: as many as asked)\n"
    "  --random            pick numbers of the range at random, the same sequence in each run\n"
    "  --connections N     connections, each with one request in flight (default 32)\n"
    "  --new               a new connection with a full handshake for each request\n"
    "  --resume            as --new, but offer the session of the connection before\n"
    "  --hold              one request on each connection, then write {\"holding\": N} and keep "
    "all\n"
    "                      idle until standard input ends; tells which the server ended\n"
    "  --every S           each connection sends a request every S seconds, all spread evenly; "
    "with\n"
    "                      --new it connects for each\n"
    "  --tls 1.2|1.3       the version of TLS (default 1.3)\n"
    "  --expect STATUS     the status that counts as good (default 200)\n"
    "  --requests N        end after N requests (default 1000000000)\n"
    "  --seconds S         end after S seconds (default 5)\n"
    "  --cpu PID           measure this process' CPU time; up to 4 times\n"
    "Exit status: 0 all answers good, 1 any error, 2 wrong usage.\n";

enum option_id {
    OPTION_HELP = 256,
    OPTION_ADDRESS,
    OPTION_PORT,
    OPTION_CERTIFICATE,
    OPTION_KEY,
    OPTION_CA,
    OPTION_REQUEST,
    OPTION_NUMBER,
    OPTION_RANGE,
    OPTION_RANDOM,
    OPTION_CONNECTIONS,
    OPTION_NEW,
    OPTION_RESUME,
    OPTION_HOLD,
    OPTION_EVERY,
    OPTION_TLS,
    OPTION_EXPECT,
    OPTION_REQUESTS,
    OPTION_SECONDS,
    OPTION_CPU
};

static const struct option table[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"address", required_argument, NULL, OPTION_ADDRESS},
    {"port", required_argument, NULL, OPTION_PORT},
    {"certificate", required_argument, NULL, OPTION_CERTIFICATE},
    {"key", required_argument, NULL, OPTION_KEY},
    {"ca", required_argument, NULL, OPTION_CA},
    {"request", required_argument, NULL, OPTION_REQUEST},
    {"number", required_argument, NULL, OPTION_NUMBER},
    {"range", required_argument, NULL, OPTION_RANGE},
    {"random", no_argument, NULL, OPTION_RANDOM},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"new", no_argument, NULL, OPTION_NEW},
    {"resume", no_argument, NULL, OPTION_RESUME},
    {"hold", no_argument, NULL, OPTION_HOLD},
    {"every", required_argument, NULL, OPTION_EVERY},
    {"tls", required_argument, NULL, OPTION_TLS},
    {"expect", required_argument, NULL, OPTION_EXPECT},
    {"requests", required_argument, NULL, OPTION_REQUESTS},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"cpu", required_argument, NULL, OPTION_CPU},
    {0},
};

/* Options as given, before they are checked against each other. */
struct raw {
    const char *address, *request;
    uint64_t port;
    size_t key_count;
    bool random;
};

static bool refuse(const char *what, const char *why)
{
    fprintf(stderr, "bench_load: %s: %s (see --help)\n", what, why);
    return false;
}

static bool take_number(const char *what, const char *text, uint64_t min, uint64_t max,
                        uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number < min ||
        number > max) {
        return refuse(what, "not a number in its range");
    }
    *ret_number = number;
    return true;
}

static bool take_seconds(const char *what, const char *text, double *ret_seconds)
{
    char *end = NULL;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0) || seconds > 86400) {
        return refuse(what, "not a number in its range");
    }
    *ret_seconds = seconds;
    return true;
}

static bool take_tls(const char *text, int *ret_version)
{
    if (strcmp(text, "1.2") != 0 && strcmp(text, "1.3") != 0) {
        return refuse("--tls", "must be 1.2 or 1.3");
    }
    *ret_version = text[2] == '2' ? TLS1_2_VERSION : TLS1_3_VERSION;
    return true;
}

static bool take_pid(const char *text, struct load_options *options)
{
    uint64_t pid = 0;
    if (options->pid_count == LOAD_PIDS_MAX) {
        return refuse("--cpu", "given too often");
    }
    if (!take_number("--cpu", text, 1, INT32_MAX, &pid)) {
        return false;
    }
    options->pids[options->pid_count++] = (int)pid;
    return true;
}

static bool take_file(const char *what, const char *path, const char **files, size_t *count)
{
    if (*count == LOAD_IDENTITIES_MAX) {
        return refuse(what, "given too often");
    }
    files[(*count)++] = path;
    return true;
}

static bool take_counts(int option, const char *value, struct load_options *options)
{
    uint64_t number = 0;
    switch (option) {
    case OPTION_NUMBER:
        options->numbers = LOAD_IN_ORDER;
        return take_number("--number", value, 0, 999999999999ULL, &options->first);
    case OPTION_RANGE: return take_number("--range", value, 1, 1000000000000ULL, &options->range);
    case OPTION_REQUESTS:
        return take_number("--requests", value, 1, UINT64_MAX / 2, &options->requests);
    case OPTION_CONNECTIONS:
        if (!take_number("--connections", value, 1, 20000, &number)) {
            return false;
        }
        options->connections = (unsigned)number;
        return true;
    default:
        if (!take_number("--expect", value, 100, 599, &number)) {
            return false;
        }
        options->expect = (int)number;
        return true;
    }
}

static bool take_option(int option, const char *value, struct load_options *options,
                        struct raw *raw)
{
    switch (option) {
    case OPTION_HELP: fputs(usage, stdout); exit(0);
    case OPTION_ADDRESS: raw->address = value; return true;
    case OPTION_PORT: return take_number("--port", value, 1, 65535, &raw->port);
    case OPTION_CERTIFICATE:
        return take_file("--certificate", value, options->certificates, &options->identity_count);
    case OPTION_KEY: return take_file("--key", value, options->keys, &raw->key_count);
    case OPTION_CA: options->ca = value; return true;
    case OPTION_REQUEST: raw->request = value; return true;
    case OPTION_RANDOM: raw->random = true; return true;
    case OPTION_NEW: options->new_connections = true; return true;
    case OPTION_RESUME: options->new_connections = options->resume = true; return true;
    case OPTION_HOLD: options->hold = true; return true;
    case OPTION_TLS: return take_tls(value, &options->tls_version);
    case OPTION_SECONDS: return take_seconds("--seconds", value, &options->seconds);
    case OPTION_EVERY: return take_seconds("--every", value, &options->every);
    case OPTION_CPU: return take_pid(value, options);
    case OPTION_NUMBER:
    case OPTION_RANGE:
    case OPTION_REQUESTS:
    case OPTION_CONNECTIONS:
    case OPTION_EXPECT: return take_counts(option, value, options);
    default: return false; /* getopt has said why */
    }
}

/* A load generator that could be pointed at other machines would be a weapon. */
static bool set_address(const struct raw *raw, struct load_options *options)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&options->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&options->address;
    if (inet_pton(AF_INET, raw->address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)raw->port);
        options->address_length = sizeof(*four);
        return ntohl(four->sin_addr.s_addr) >> 24 == 127 || refuse("--address", "not loopback");
    }
    if (inet_pton(AF_INET6, raw->address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)raw->port);
        options->address_length = sizeof(*six);
        return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) || refuse("--address", "not loopback");
    }
    return refuse("--address", "not a numeric address");
}

static bool read_request(const char *path, struct load_options *options)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(REQUEST_MAX + 1) : NULL;
    size_t length = text != NULL ? fread(text, 1, REQUEST_MAX + 1, file) : 0;
    bool bad = text == NULL || ferror(file) != 0;
    if (file != NULL) {
        fclose(file);
    }
    if (bad || length > REQUEST_MAX || memmem(text, length, "\r\n\r\n", 4) == NULL) {
        free(text);
        return refuse(path, bad ? strerror(errno) : "not one HTTP request of at most 1 MiB");
    }
    options->request = text;
    options->request_length = length;
    return true;
}

static bool find_markers(struct load_options *options)
{
    const char *at = options->request, *end = at + options->request_length;
    while ((at = memmem(at, (size_t)(end - at), LOAD_MARKER, LOAD_MARKER_LENGTH)) != NULL) {
        if (options->marker_count == LOAD_MARKERS_MAX) {
            return refuse("--request", "too many places for a number");
        }
        options->markers[options->marker_count++] = (size_t)(at - options->request);
        at += LOAD_MARKER_LENGTH;
    }
    if ((options->numbers == LOAD_FIXED) != (options->marker_count == 0)) {
        return refuse("--number", "goes together with " LOAD_MARKER " in the request");
    }
    return true;
}

static bool complete(const struct raw *raw, struct load_options *options)
{
    if (raw->request == NULL || raw->port == 0 || options->ca == NULL) {
        return refuse("usage", "port, ca and request are needed");
    }
    if (raw->key_count != options->identity_count) {
        return refuse("--key", "goes together with --certificate");
    }
    if (options->hold && options->new_connections) {
        return refuse("--hold", "keeps its connections: neither --new nor --resume");
    }
    if (options->hold && options->every > 0) {
        return refuse("--hold", "asks once: not together with --every");
    }
    if (raw->random && (options->numbers == LOAD_FIXED || options->range == 0)) {
        return refuse("--random", "needs --number and --range");
    }
    options->numbers = raw->random ? LOAD_AT_RANDOM : options->numbers;
    options->range = options->range == 0 ? 1000000000000ULL : options->range;
    return set_address(raw, options) && read_request(raw->request, options) &&
           find_markers(options);
}

bool load_options_read(int argc, char **argv, struct load_options *ret_options)
{
    struct raw raw = {.address = "127.0.0.1"};
    struct load_options options = {.connections = 32,
                                   .tls_version = TLS1_3_VERSION,
                                   .expect = 200,
                                   .requests = 1000000000,
                                   .seconds = 5};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (!take_option(option, optarg, &options, &raw)) {
            return false;
        }
    }
    if (optind != argc) {
        return refuse(argv[optind], "not an option");
    }
    if (!complete(&raw, &options)) {
        load_options_free(&options);
        return false;
    }
    *ret_options = options;
    return true;
}

void load_options_free(struct load_options *options)
{
    free(options->request);
    options->request = NULL;
}
