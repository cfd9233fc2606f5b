/*
 * The load generator of bench/run: N connections, without client certificate, or of one or several
 * in turns, each with at most one request in flight, on one thread (epoll). What its files share.
 *
 * Holds always: loopback only; a run is bounded by a count and by a time; only whole answers of the
 * expected status count as good; the clock of a kept-alive run starts when all connections are
 * established, so handshakes are no part of it.
 */
#ifndef QUIVER_BENCH_LOAD_H
#define QUIVER_BENCH_LOAD_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* ---- options ------------------------------------------------------------------------------- */

#define LOAD_PIDS_MAX       4
#define LOAD_IDENTITIES_MAX 128
#define LOAD_MARKER         "############" /* replaced by a number of twelve digits */
#define LOAD_MARKER_LENGTH  12
#define LOAD_MARKERS_MAX    8

enum load_numbers { LOAD_FIXED, LOAD_IN_ORDER, LOAD_AT_RANDOM };

struct load_options {
    struct sockaddr_storage address;
    socklen_t address_length;
    /** PEM files, borrowed from argv; connections take the identities in turns. */
    const char *certificates[LOAD_IDENTITIES_MAX], *keys[LOAD_IDENTITIES_MAX], *ca;
    size_t identity_count;
    char *request; /**< bytes as sent; owned */
    size_t request_length;
    size_t markers[LOAD_MARKERS_MAX]; /**< offsets of LOAD_MARKER in the request */
    size_t marker_count;
    enum load_numbers numbers;
    uint64_t first, range; /**< numbers are first to first + range - 1, then again */
    unsigned connections;
    bool new_connections; /**< each request on a connection of its own */
    bool resume;          /**< it offers the session of the one before; else handshakes are full */
    bool hold;            /**< one request on each, then idle until standard input ends */
    double every;         /**< seconds between the requests of one connection, all spread evenly; 0:
                               the next when the answer is there */
    int tls_version;      /**< TLS1_2_VERSION or TLS1_3_VERSION */
    int expect;           /**< status that counts as good */
    uint64_t requests;    /**< at most */
    double seconds;       /**< at most */
    int pids[LOAD_PIDS_MAX]; /**< processes whose CPU time is measured */
    size_t pid_count;
};
/** Reads the command line and the request file. False: said why on standard error. --help ends the
 *  process. */
bool load_options_read(int argc, char **argv, struct load_options *ret_options);
void load_options_free(struct load_options *options);

/* ---- time and latencies --------------------------------------------------------------------- */

/** Microseconds of the monotonic clock. */
uint64_t load_now(void);

#define LOAD_LATENCY_SLOTS 1024

/** A histogram of microseconds, exact to 1/32; zero-initialized: empty. */
struct load_latency {
    uint64_t slots[LOAD_LATENCY_SLOTS];
    uint64_t count, sum, min, max;
};
void load_latency_add(struct load_latency *latency, uint64_t us);
/** The value that `share` (0 to 1) of all do not exceed; 0 where empty. */
uint64_t load_latency_at(const struct load_latency *latency, double share);

/* ---- one answer ----------------------------------------------------------------------------- */

#define LOAD_HEAD_MAX 8192

/** An HTTP/1.1 answer as it arrives. Zero-initialized: nothing came yet. */
struct load_answer {
    char head[LOAD_HEAD_MAX];
    size_t head_length;
    bool head_done;
    int status;
    uint64_t left;  /**< bytes of the body still to come */
    uint64_t bytes; /**< head and body */
    bool last;      /**< the server closes the connection after it */
};
enum load_progress { LOAD_MORE, LOAD_WHOLE, LOAD_BROKEN };
enum load_progress load_answer_feed(struct load_answer *answer, const char *data, size_t length);

/* ---- a run ---------------------------------------------------------------------------------- */

enum load_error {
    LOAD_ERROR_CONNECT,
    LOAD_ERROR_HANDSHAKE,
    LOAD_ERROR_BROKEN, /**< the connection ended before the answer was whole */
    LOAD_ERROR_ANSWER, /**< no HTTP answer that this program understands */
    LOAD_ERROR_STATUS, /**< a whole answer of another status */
    LOAD_ERROR_COUNT,
};

struct load_run {
    const struct load_options *options;
    SSL_CTX *tls[LOAD_IDENTITIES_MAX];
    int epoll;
    bool started;     /**< the clock runs */
    bool released;    /**< standard input has ended */
    unsigned ready;   /**< established connections that wait for the start */
    unsigned live;    /**< connections that are not done */
    uint64_t issued;  /**< requests begun */
    uint64_t good;    /**< answers of the expected status */
    uint64_t resumed; /**< handshakes in which the server took the session */
    uint64_t late;    /**< requests left out: the one before had no answer yet */
    uint64_t held;  /**< answered connections that are idle, or were until the server ended them */
    uint64_t ended; /**< of these, ended by the server */
    uint64_t first_ended_us, last_ended_us; /**< monotonic clock */
    uint64_t moved_us;                      /**< when an answer came last */
    uint64_t started_us, ended_us;
    uint64_t errors[LOAD_ERROR_COUNT];
    char first_error[160];
    uint64_t bytes_min, bytes_max; /**< of a good answer */
    uint64_t random;               /**< state of the generator, not 0 */
    struct load_latency latency;
    uint64_t cpu_us[LOAD_PIDS_MAX]; /**< before the start, then the difference */
    uint64_t own_cpu_us;
};

/** Counts an error and keeps the words of the first. */
void load_run_error(struct load_run *run, enum load_error error, const char *detail);
/** CPU time that a process has used so far; false where it cannot be read. */
bool load_cpu_of(int pid, uint64_t *ret_us);
uint64_t load_cpu_own(void);
/** Writes the result as one JSON object to standard output. */
bool load_report(const struct load_run *run);

/* ---- TLS ------------------------------------------------------------------------------------ */

/** A context for each identity, into run->tls. False: said why on standard error. */
bool load_tls_make(struct load_run *run);
void load_tls_free(struct load_run *run);
/**
 * A client on a connected socket. With options->resume it offers *session, if there is one, and
 * puts there each that the server gives it; the caller frees the last. NULL: no memory.
 */
SSL *load_tls_open(const struct load_run *run, size_t identity, int fd, SSL_SESSION **session);

/* ---- a connection --------------------------------------------------------------------------- */

struct load_connection;
/** The connection of that number and its request buffer. NULL: no memory. */
struct load_connection *load_connection_new(struct load_run *run, unsigned number);
/** Goes on as far as it can without waiting. */
void load_connection_advance(struct load_connection *connection);
/** With options->every: its next request is due. False: the one before has no answer yet. */
bool load_connection_due(struct load_connection *connection);
void load_connection_free(struct load_connection **connection);

#endif
